import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type NestInterceptor,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { HttpCache, HttpCacheInterceptor, type HttpCacheOptions } from '../../../lib/index.js';
import { httpApp, type HttpAppOptions, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;
const nobody: ClassDecorator & MethodDecorator = () => {};

/** Nobody has said of these whether their hits are to be early. */
function pages(
  options: HttpCacheOptions = everyone,
  onClass: ClassDecorator = nobody,
  above: MethodDecorator = nobody,
  below: MethodDecorator = nobody,
): Type {
  @Controller('pages')
  @onClass
  class Pages {
    @Get(':name')
    @above
    @HttpCache(options)
    @below
    page() {
      return { page: true };
    }
  }
  return Pages;
}

let asked = 0;

@Injectable()
class Guard implements CanActivate {
  canActivate(): boolean {
    asked += 1;
    return true;
  }
}

@Injectable()
class Logging implements NestInterceptor {
  intercept(_: ExecutionContext, next: { handle(): never }) {
    asked += 1;
    return next.handle();
  }
}

@Injectable()
class Choosing extends HttpCacheInterceptor {
  protected override isRequestCacheable(): boolean {
    asked += 1;
    return true;
  }
}

@Controller('pages')
class OfRequest {
  constructor(@Inject(REQUEST) readonly request: object) {
    asked += 1;
  }

  @Get(':name')
  @HttpCache(everyone)
  page() {
    return { page: true };
  }
}

@Controller('pages')
@HttpCache(everyone)
class OfAClass {
  @Get('none/:name')
  @HttpCache({ ...everyone, early: false })
  other() {
    return { page: false };
  }

  @Get(':name')
  page() {
    return { page: true };
  }
}

@Controller('pages')
class Uncached {
  @Get(':name')
  page() {
    asked += 1;
    return { page: true };
  }
}

@Controller('others')
@HttpCache(everyone)
class Others {
  @Get()
  page() {
    return {};
  }
}

interface FastifyHooks {
  addHook(name: string, hook: (request: object, reply: object, done: () => void) => void): void;
}

function hook(app: INestApplication): void {
  const fastify: FastifyHooks = app.getHttpAdapter().getInstance();
  fastify.addHook('preHandler', (_request, _reply, done) => {
    asked += 1;
    done();
  });
}

/** Whoever has to see each request of a route, and does. */
const SEEING: readonly (readonly [name: string, app: Partial<HttpAppOptions>])[] = [
  ['a guard of the route', { controllers: [pages(everyone, nobody, UseGuards(Guard))] }],
  ['a guard below it', { controllers: [pages(everyone, nobody, nobody, UseGuards(Guard))] }],
  ['a guard of the controller', { controllers: [pages(everyone, UseGuards(Guard))] }],
  ['a global guard', { providers: [{ provide: APP_GUARD, useClass: Guard }] }],
  ['a global guard of main.ts', { prepare: (app) => void app.useGlobalGuards(new Guard()) }],
  ['an interceptor below it', { controllers: [pages(everyone, nobody, nobody, UseInterceptors(Logging))] }],
  ['an interceptor of the controller', { controllers: [pages(everyone, UseInterceptors(Logging))] }],
  ['a global interceptor', { providers: [{ provide: APP_INTERCEPTOR, useClass: Logging }] }],
  ['a global interceptor of main.ts', { prepare: (app) => void app.useGlobalInterceptors(new Logging()) }],
  ['an heir that chooses', { providers: [{ provide: APP_INTERCEPTOR, useClass: Choosing }] }],
  ['a controller that is made for each request', { controllers: [OfRequest] }],
  ['a route that is not cached', { controllers: [Uncached, Others] }],
];

describe.each(PLATFORMS)('hits on %s of which nobody has said whether they are early', (platform) => {
  let interceptions: ReturnType<typeof jest.spyOn>;
  beforeEach(() => {
    asked = 0;
    interceptions = jest.spyOn(HttpCacheInterceptor.prototype, 'intercept');
  });
  afterEach(() => interceptions.mockRestore());

  function start(options: Partial<HttpAppOptions> = {}) {
    return httpApp(platform, { controllers: [pages()], ...options });
  }

  it('are, where nothing is in the way', async () => {
    await using nest = await start();
    const miss = await nest.get('/pages/1');
    const hit = await nest.get('/pages/1');
    expect(interceptions).toHaveBeenCalledTimes(1);
    expect([miss.headers['cache-status'], hit.headers['cache-status']]).toEqual([
      'nestjs-memcached; fwd=uri-miss',
      'nestjs-memcached; hit',
    ]);
    expect([hit.status, hit.body]).toEqual([200, { page: true }]);
    const { status } = await nest.get('/pages/1', { 'if-none-match': String(hit.headers.etag) });
    expect([status, interceptions.mock.calls.length]).toEqual([304, 1]);
  });

  it('are so by the options of a class, but for methods that say no', async () => {
    await using nest = await start({ controllers: [OfAClass] });
    for (let time = 0; time < 3; time += 1) await nest.get('/pages/1');
    expect(interceptions).toHaveBeenCalledTimes(1);
    for (let time = 0; time < 3; time += 1) await nest.get('/pages/none/1');
    // Where the method runs, that of the method has been reached as well.
    expect(interceptions).toHaveBeenCalledTimes(1 + 3 + 1);
  });

  it.each<[string, HttpCacheOptions]>([
    ['early: false', { ...everyone, early: false }],
    ["audience: 'authorized'", { ...everyone, audience: 'authorized' }],
    ['an audience by request', { ...everyone, audience: () => 'me' }],
  ])('are not by %s', async (_, options) => {
    await using nest = await start({ controllers: [pages(options)] });
    for (let time = 0; time < 3; time += 1) await nest.get('/pages/1');
    expect(interceptions).toHaveBeenCalledTimes(3);
  });

  it('are not where an interceptor caches routes without the decorator', async () => {
    const everything = {
      provide: APP_INTERCEPTOR,
      useClass: HttpCacheInterceptor.of({ audience: 'everyone', ttl: '1m' }),
    };
    await using nest = await start({ controllers: [Uncached, Others], providers: [everything] });
    for (let time = 0; time < 3; time += 1) await nest.get('/pages/1');
    expect([asked, interceptions.mock.calls.length]).toEqual([1, 3]);
  });

  it.each(SEEING)('leave each request to %s', async (_, options) => {
    await using nest = await start(options);
    for (let time = 0; time < 3; time += 1) {
      expect((await nest.get('/pages/1')).status).toBe(200);
    }
    expect([asked, nest.warnings]).toEqual([3, []]);
  });

  if (platform === 'fastify') {
    it('leave each request to hooks between middleware and the route', async () => {
      await using nest = await start({ prepare: hook });
      for (let time = 0; time < 3; time += 1) await nest.get('/pages/1');
      expect([asked, interceptions.mock.calls.length, nest.warnings]).toEqual([3, 3, []]);
    });
  }
});
