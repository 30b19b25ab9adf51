import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  Next,
  Req,
  UnauthorizedException,
  VersioningType,
} from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { HttpCache, HttpCacheInterceptor, MemcachedService } from '../../../lib/index.js';
import { httpApp, type HttpAppOptions, PLATFORMS } from '../support/http-apps.js';

const early = { audience: 'everyone', ttl: '1m', early: true } as const;

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>;
}
interface Response {
  setHeader(name: string, value: string): void;
}
type Hook = (request: Request, reply: FastifyReply, ...rest: ((error?: Error) => void)[]) => void;
interface FastifyReply {
  header(name: string, value: string): FastifyReply;
  code(status: number): FastifyReply;
  send(payload: unknown): void;
}

@Controller({ path: 'pages', version: '1' })
class FirstPages {
  @Get(':name')
  @HttpCache(early)
  page() {
    return { version: 1 };
  }
}

@Controller({ path: 'pages', version: ['2', '3'] })
class LaterPages {
  @Get(':name')
  @HttpCache(early)
  page() {
    return { version: 2 };
  }
}

@Controller('pages')
class Pages {
  @Get(':name')
  @HttpCache(early)
  page() {
    return { pages: true };
  }
}

@Controller({ path: 'pages', host: 'own.example' })
class PagesOfAHost {
  @Get(':name')
  page() {
    return { host: true };
  }
}

@Controller('pages')
class Gate {
  @Get(':name')
  look(@Req() { headers }: Request, @Next() next: () => void) {
    if (headers['x-barred'] !== undefined) throw new UnauthorizedException();
    next();
  }
}

function barring({ headers }: Request, _: unknown, next: (error?: Error) => void): void {
  if (headers['x-barred'] === undefined) next();
  else next(new UnauthorizedException());
}

@Module({})
class Barred {
  configure(consumer: { apply(...middleware: unknown[]): { forRoutes(path: string): void } }): void {
    consumer.apply(barring).forRoutes('*path');
  }
}

function secure(app: INestApplication): void {
  app.use((_: unknown, response: Response, next: () => void) => {
    response.setHeader('content-security-policy', "default-src 'self'");
    next();
  });
}

function cors(app: INestApplication): void {
  app.enableCors({ origin: ['https://one.example', 'https://two.example'] });
}

function fastifyOf(app: INestApplication): { addHook(name: string, hook: Hook): void } {
  return app.getHttpAdapter().getInstance();
}

describe.each(PLATFORMS)('an early hit on %s', (platform) => {
  let interceptions: ReturnType<typeof jest.spyOn>;
  beforeEach(() => void (interceptions = jest.spyOn(HttpCacheInterceptor.prototype, 'intercept')));
  afterEach(() => interceptions.mockRestore());

  function start(options: Partial<HttpAppOptions> = {}) {
    return httpApp(platform, { controllers: [Pages], ...options });
  }

  it.each([
    ['security headers, then CORS', [secure, cors]],
    ['CORS, then security headers', [cors, secure]],
  ])('bears what middleware says of each request: %s', async (_, order) => {
    await using nest = await start({ prepare: (app) => order.forEach((use) => use(app)) });
    for (const origin of [
      'https://one.example',
      'https://two.example',
      'https://one.example',
      'https://evil.example',
    ]) {
      await nest.get('/pages/a', { origin });
      interceptions.mockClear();
      const { headers } = await nest.get('/pages/a', { origin });
      expect(headers['access-control-allow-origin']).toBe(origin.includes('evil') ? undefined : origin);
      expect(headers['content-security-policy']).toBe("default-src 'self'");
      expect(headers.vary?.toLowerCase()).toContain('origin');
      expect(interceptions).not.toHaveBeenCalled();
    }
  });

  it('is barred by middleware of a module, as the method is', async () => {
    await using nest = await start({ imports: [Barred] });
    for (const _ of ['miss', 'hit']) expect((await nest.get('/pages/a')).status).toBe(200);
    expect((await nest.get('/pages/a', { 'x-barred': '1' })).status).toBe(401);
  });

  it('has versions of the path and a prefix apart', async () => {
    await using nest = await start({
      controllers: [FirstPages, LaterPages],
      prepare: (app) => void app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    });
    for (const _ of ['miss', 'hit', 'hit']) {
      for (const [version, body] of [
        ['1', 1],
        ['2', 2],
        ['3', 2],
      ] as const) {
        expect((await nest.get(`/api/v${version}/pages/a`)).body).toEqual({ version: body });
      }
    }
    interceptions.mockClear();
    await nest.get('/api/v3/pages/a');
    expect(interceptions).not.toHaveBeenCalled();
    expect((await nest.get('/api/v4/pages/a')).status).toBe(404);
    expect((await nest.get('/pages/a')).status).toBe(404);
  });

  it('is for the tenant of its own request, where middleware has each in a context of its own', async () => {
    const store = new AsyncLocalStorage<string>();
    @Controller('tenant')
    class OfTenants {
      @Get()
      @HttpCache({ ...early, varyBy: [() => store.getStore() ?? null] })
      page() {
        return store.getStore();
      }
    }
    await using nest = await start({
      controllers: [OfTenants],
      prepare: (app) =>
        app.use(({ headers }: Request, _: unknown, next: () => void) =>
          store.run(headers['x-tenant'] ?? '', next),
        ),
    });
    await nest.get('/tenant');
    for (const _ of ['misses', 'hits', 'hits']) {
      interceptions.mockClear();
      const tenants = Array.from({ length: 12 }, (_each, index) => `tenant ${index % 3}`);
      const answers = await Promise.all(tenants.map((tenant) => nest.get('/tenant', { 'x-tenant': tenant })));
      expect(answers.map(({ text }) => text)).toEqual(tenants);
    }
    expect(interceptions).not.toHaveBeenCalled();
  });

  it('is for the one path and host that it was stored for', async () => {
    await using nest = await start();
    for (const path of ['/pages/a', '/pages/a', '/pages/b', '/pages/a?x=1', '/pages/%61']) {
      for (const host of ['one.example', 'two.example'])
        expect((await nest.get(path, { host })).status).toBe(200);
    }
    const keys: string[] = [];
    for await (const key of nest.app.get(MemcachedService).keys()) keys.push(key);
    expect(keys).toHaveLength(8);
  });
});

describe('an early hit on express', () => {
  it('comes behind routes that stand before its own', async () => {
    await using nest = await httpApp('express', { controllers: [PagesOfAHost, Gate, Pages] });
    for (const _ of ['miss', 'hit', 'hit']) {
      expect((await nest.get('/pages/a', { host: 'all.example' })).body).toEqual({ pages: true });
      expect((await nest.get('/pages/a', { host: 'own.example' })).body).toEqual({ host: true });
      expect((await nest.get('/pages/a', { host: 'all.example', 'x-barred': '1' })).status).toBe(401);
    }
  });
});

describe('an early hit on fastify', () => {
  const barred: Hook = ({ headers }, reply, ...rest) => {
    if (headers['x-barred'] !== undefined) reply.code(401).send('barred');
    else rest.at(-1)!();
  };

  it('comes behind hooks of onRequest, also those that are added when Nest has its routes', async () => {
    const interceptions = jest.spyOn(HttpCacheInterceptor.prototype, 'intercept');
    await using nest = await httpApp('fastify', {
      controllers: [Pages],
      prepare: (app) => {
        const { init } = app;
        app.init = async () => {
          await init.call(app);
          fastifyOf(app).addHook('onRequest', (_, reply, done) => {
            reply.header('x-late', 'yes');
            done();
          });
          fastifyOf(app).addHook('onRequest', barred);
          return app;
        };
      },
    });
    for (const _ of ['miss', 'hit']) {
      interceptions.mockClear();
      expect((await nest.get('/pages/a')).headers['x-late']).toBe('yes');
      expect((await nest.get('/pages/a', { 'x-barred': '1' })).status).toBe(401);
    }
    expect(interceptions).not.toHaveBeenCalled();
    interceptions.mockRestore();
  });

  it.each(['preParsing', 'preValidation', 'preHandler'])(
    'is none where there are hooks of %s',
    async (name) => {
      await using nest = await httpApp('fastify', {
        controllers: [Pages],
        prepare: (app) => fastifyOf(app).addHook(name, barred),
      });
      for (const _ of ['miss', 'hit']) {
        expect((await nest.get('/pages/a')).status).toBe(200);
        expect((await nest.get('/pages/a', { 'x-barred': '1' })).status).toBe(401);
      }
      expect(nest.warnings).toEqual([expect.stringContaining('not answered early')]);
    },
  );
});
