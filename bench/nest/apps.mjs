import { Controller, Get, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { markLongAgo } from '../clients/near-cache.mjs';
import { recordOf } from '../measure/data.mjs';
import { atParameter, decorate } from './decorate.mjs';

/** How many products the routes know; all of them are asked for before anything is measured. */
export const PRODUCTS = 100;

const RECORDS = Array.from({ length: PRODUCTS }, (_, index) => recordOf(index));

/** A machine that is busy is no fault of what is measured. */
const PATIENT = { commandTimeout: '30s', connectTimeout: '30s' };

const NEAR = { cache: { near: { maxAge: '1m' } } };

class BareInterceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

/** The route with `@HttpCache`. */
function httpCache(options, module = {}) {
  return async (servers, from) => {
    const lib = await import(from);
    const { HttpCache, MemcachedModule } = lib;
    if (module === NEAR) await markLongAgo(servers, lib);
    return {
      onRoute: [HttpCache({ audience: 'everyone', ...options })],
      onClass: [],
      imports: [MemcachedModule.forRoot({ servers, ...PATIENT, ...module })],
    };
  };
}

/** `GET /products/:id` several times over: what the route's answer comes from is all that differs. */
const APPS = {
  constant: async () => ({ onRoute: [], onClass: [], imports: [] }),
  /** What Nest takes of any interceptor. */
  'bare-interceptor': async () => ({
    onRoute: [UseInterceptors(BareInterceptor)],
    onClass: [],
    imports: [],
  }),
  cacheable: async (servers, from) => {
    const { Cacheable, MemcachedModule } = await import(from);
    return {
      onRoute: [Cacheable({ key: 'product:{0}' })],
      onClass: [],
      imports: [MemcachedModule.forRoot({ servers, ...PATIENT })],
    };
  },
  'http-cache': httpCache({}),
  'by-interceptor': httpCache({ early: false }),
  early: httpCache({ early: true }),
  'early-near': httpCache({ early: true, near: '1m' }, NEAR),
  'before-middleware': httpCache({ early: 'before-middleware' }),
  'before-middleware-near': httpCache({ early: 'before-middleware', near: '1m' }, NEAR),
  /** Express's middleware that keeps whole answers in the process. */
  apicache: async () => {
    const { default: apicache } = await import('apicache');
    return {
      onRoute: [],
      onClass: [],
      imports: [],
      prepare: (app) => app.use(apicache.middleware('5 minutes')),
    };
  },
  /** Fastify's plugin, which keeps ETags, and no answers: the route runs each time. */
  'fastify-caching': async () => {
    const { default: caching } = await import('@fastify/caching');
    return {
      onRoute: [],
      onClass: [],
      imports: [],
      prepare: (app) => app.register(caching, { privacy: caching.privacy.PUBLIC, expiresIn: 300 }),
    };
  },
  /** The least that a route can do whose answer is in memcached: one `get`, and the text as it is. */
  'one-get': async (servers, from) => {
    const { MemcachedClient, MemcachedModule } = await import(from);
    return {
      onRoute: [],
      onClass: [],
      imports: [MemcachedModule.forRoot({ servers, ...PATIENT })],
      readThrough: (app, load) => {
        const client = app.get(MemcachedClient, { strict: false });
        return async (id) => {
          const found = await client.get(`text:${id}`);
          if (found !== undefined) return found;
          const made = JSON.stringify(load(id));
          await client.set(`text:${id}`, made);
          return made;
        };
      },
    };
  },
  'cache-manager': async (servers) => {
    const { CacheInterceptor, CacheModule } = await import('@nestjs/cache-manager');
    const { openKeyv } = await import('../clients/keyv-memcache.mjs');
    return {
      onRoute: [],
      onClass: [UseInterceptors(CacheInterceptor)],
      imports: [CacheModule.register({ stores: [openKeyv(servers)] })],
    };
  },
};

/**
 * @param {'constant' | 'bare-interceptor' | 'one-get' | 'cacheable' | 'http-cache' | 'by-interceptor' | 'early' | 'early-near' | 'before-middleware' |
 *   'before-middleware-near' | 'apicache' | 'fastify-caching' | 'cache-manager'} name
 * @param {'express' | 'fastify'} [platform]
 * @returns {Promise<{ port: number, calls: () => number, close: () => Promise<void> }>} `calls` counts those of the route's
 *   own method.
 */
export async function startApp(name, servers, from = 'nestjs-memcached', platform = 'express') {
  const made = await moduleOf(name, servers, from);
  const app = await NestFactory.create(made.BenchModule, await adapterFor(platform), { logger: ['error'] });
  made.opened(app);
  await app.listen(0, '127.0.0.1');
  return { port: app.getHttpServer().address().port, calls: made.calls, close: () => app.close() };
}

/** Everything is loaded when this resolves; what it gives makes and initialises an application without HTTP. */
export async function contextOf(name, servers, from) {
  const { BenchModule } = await moduleOf(name, servers, from);
  return () => NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
}

async function moduleOf(name, servers, from) {
  const { onRoute, onClass, imports, readThrough, prepare } = await APPS[name](servers, from);
  let calls = 0;
  let find = (id) => {
    calls += 1;
    return RECORDS[id];
  };

  class ProductsController {
    find(id) {
      return find(id);
    }
  }
  decorate(ProductsController, [Controller('products'), ...onClass], {
    find: [Get(':id'), ...onRoute, atParameter(0, Param('id'))],
  });

  class BenchModule {}
  decorate(BenchModule, [Module({ imports, controllers: [ProductsController] })]);
  return {
    BenchModule,
    calls: () => calls,
    opened: (app) => {
      prepare?.(app);
      if (readThrough !== undefined) find = readThrough(app, find);
    },
  };
}

async function adapterFor(platform) {
  if (platform === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
  return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
}
