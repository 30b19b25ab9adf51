import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  type ExecutionContext,
  Get,
  Head,
  HttpException,
  Injectable,
  Module,
  Param,
  Post,
  Req,
  Res,
  Sse,
  StreamableFile,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { of } from 'rxjs';
import { HttpCache, HttpCacheInterceptor, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { ask, httpApp, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

interface Raw {
  readonly raw?: Raw;
  end(text: string): void;
  setHeader(name: string, value: string): void;
}

/** One of each, as controllers have them. */
class Routes {
  @Get('plain/:id')
  plain(@Param('id') id: string) {
    return { id, run: run() };
  }

  @Get('own')
  @HttpCache({ ...everyone, maxAge: '1m', xCache: true })
  own() {
    return { run: run() };
  }

  @Post('plain/:id')
  change() {
    return { run: run() };
  }

  @Get('sends')
  sends(@Res() response: Raw) {
    setImmediate(() => (response.raw ?? response).end(String(run())));
  }

  @Sse('events')
  events() {
    return of({ data: run() });
  }
}

@Controller('class')
@HttpCache(everyone)
class ByClass extends Routes {}

@Controller('factory')
@UseInterceptors(HttpCacheInterceptor.of(everyone))
class ByFactory extends Routes {}

@Controller('uncached')
class Uncached extends Routes {}

@Injectable()
class Chosen extends HttpCacheInterceptor {
  protected override readonly options = everyone;

  protected override isRequestCacheable(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ url: string }>().url !== '/chosen/plain/never';
  }

  protected override trackBy(context: ExecutionContext, key: string): string | undefined {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (url.endsWith('past')) return undefined;
    return url.endsWith('named') ? 'named' : key;
  }
}

@Controller('chosen')
@UseInterceptors(Chosen)
class ByHooks extends Routes {}

@Controller('audiences')
class Audiences {
  @Get('private')
  @HttpCache({ audience: ({ headers }) => headers['x-user'] as string | undefined, maxAge: '1m' })
  mine() {
    return { run: run() };
  }

  @Get('refused')
  @HttpCache({
    audience: () => {
      throw new HttpException('who are you', 401);
    },
  })
  refused() {
    return { run: run() };
  }

  @Head('head')
  @HttpCache(everyone)
  head() {
    run();
  }
}

async function runsOf(get: (path: string) => Promise<unknown>, path: string): Promise<number> {
  const before = runs;
  for (const _ of ['miss', 'hit']) await get(path);
  return runs - before;
}

describe.each(PLATFORMS)('what is cached on %s', (platform) => {
  it.each<[string, Type]>([
    ['class', ByClass],
    ['factory', ByFactory],
    ['chosen', ByHooks],
  ])('is every route of a controller that can be: %s', async (path, controller) => {
    await using nest = await httpApp(platform, { controllers: [controller] });
    expect(await runsOf(nest.get, `/${path}/plain/1`)).toBe(1);
    expect(await runsOf(nest.get, `/${path}/own`)).toBe(1);
    expect((await nest.get(`/${path}/own`)).headers['cache-control']).toBe('public, max-age=60');
    expect(await runsOf((at) => nest.get(at, {}, 'POST'), `/${path}/plain/1`)).toBe(2);
    expect(await runsOf(nest.get, `/${path}/sends`)).toBe(2);
    expect(await runsOf(nest.get, `/${path}/events`)).toBe(2);
    expect((await nest.get(`/${path}/sends`)).text).toBe(String(runs));
  });

  it('is every route of the application, where the factory makes a global interceptor', async () => {
    await using nest = await httpApp(platform, {
      controllers: [Uncached],
      providers: [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor.of(everyone) }],
    });
    expect(await runsOf(nest.get, '/uncached/plain/1')).toBe(1);
  });

  it('is what is marked, where the interceptor itself is a global one', async () => {
    await using nest = await httpApp(platform, {
      controllers: [Uncached],
      providers: [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor }],
    });
    expect(await runsOf(nest.get, '/uncached/plain/1')).toBe(2);
    expect(await runsOf(nest.get, '/uncached/own')).toBe(1);
    expect(nest.warnings).toEqual([]);
  });

  it.each(['global', 'bound'])(
    'is nothing where nothing is marked, and the log says what to write: %s',
    async (how) => {
      @Controller('bare')
      class Bare {
        @Get()
        bare() {
          return { run: run() };
        }
      }
      if (how === 'bound') UseInterceptors(HttpCacheInterceptor)(Bare);
      await using nest = await httpApp(platform, {
        controllers: [Bare],
        providers: how === 'global' ? [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor }] : [],
      });
      expect(await runsOf(nest.get, '/bare')).toBe(2);
      expect(nest.warnings).toEqual([expect.stringContaining('HttpCacheInterceptor.of({ audience: ')]);
    },
  );

  it('is up to the hooks of a subclass, and a key of its own can be invalidated by name', async () => {
    await using nest = await httpApp(platform, { controllers: [ByHooks] });
    expect(await runsOf(nest.get, '/chosen/plain/never')).toBe(2);
    expect(await runsOf(nest.get, '/chosen/plain/past')).toBe(2);
    expect(await runsOf(nest.get, '/chosen/plain/named')).toBe(1);
    await nest.app.get(MemcachedService).invalidate('named');
    expect(await runsOf(nest.get, '/chosen/plain/named')).toBe(1);
  });

  it('is told to other caches, and to tools that know X-Cache', async () => {
    await using nest = await httpApp(platform, { controllers: [ByClass] });
    const told = async (path: string, headers?: Record<string, string>) => {
      const answer = await nest.get(path, headers);
      return [answer.headers['cache-status'], answer.headers['x-cache']];
    };
    expect(await told('/class/plain/1')).toEqual(['nestjs-memcached; fwd=uri-miss', undefined]);
    expect(await told('/class/plain/1')).toEqual(['nestjs-memcached; hit', undefined]);
    expect(await told('/class/plain/1', { authorization: 'ann' })).toEqual([
      'nestjs-memcached; fwd=bypass',
      undefined,
    ]);
    expect(await told('/class/own')).toEqual(['nestjs-memcached; fwd=uri-miss', 'MISS']);
    expect(await told('/class/own')).toEqual(['nestjs-memcached; hit', 'HIT']);
  });

  it('is kept from a browser’s other user where it may be used without asking', async () => {
    await using nest = await httpApp(platform, { controllers: [Audiences] });
    for (const _ of ['miss', 'hit']) {
      const { headers } = await nest.get('/audiences/private', { 'x-user': 'ann' });
      expect([headers['cache-control'], headers.vary]).toEqual([
        'private, max-age=60',
        'authorization, cookie',
      ]);
    }
    expect((await nest.get('/audiences/private', { 'x-user': 'bob' })).body).toEqual({ run: runs });
    expect((await nest.get('/audiences/refused')).status).toBe(401);
  });

  it('is the same for HEAD, and HEAD has its own where nothing can be asked for by GET', async () => {
    await using nest = await httpApp(platform, { controllers: [ByClass, Audiences] });
    runs = 0;
    const got = await nest.get('/class/plain/7');
    const head = await nest.get('/class/plain/7', {}, 'HEAD');
    expect([head.text, got.body]).toEqual(['', { id: '7', run: 1 }]);
    expect(head.headers.etag).toBe(got.headers.etag);
    expect(head.headers['content-length']).toBe(got.headers['content-length']);
    await nest.get('/audiences/head', {}, 'HEAD');
    await nest.get('/audiences/head', {}, 'HEAD');
    expect(runs).toBe(2);
  });
});

describe('the cache of a route', () => {
  it('is the one that the controller’s own module sees, whatever the order of the modules', async () => {
    @Controller('mine')
    @HttpCache(everyone)
    class Mine {
      @Get()
      mine() {
        return { run: run() };
      }
    }
    await using nest = await httpApp('express', { controllers: [] });
    @Module({
      imports: [MemcachedModule.forRoot({ servers: nest.servers, keyPrefix: 'feature:' })],
      controllers: [Mine],
    })
    class Feature {}
    const testing = await Test.createTestingModule({
      imports: [Feature, MemcachedModule.forRoot({ servers: nest.servers, name: 'other', isGlobal: true })],
    }).compile();
    const app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    await ask(`${await app.getUrl()}/mine`);
    const keys: string[] = [];
    for await (const key of nest.app.get(MemcachedService).keys()) keys.push(key);
    await app.close();
    expect(keys).toEqual([expect.stringMatching(/^feature:http:Mine\.mine/)]);
  });
});

describe('at boot', () => {
  it('refuses options that say nothing, and what cannot be stored, with what to write', async () => {
    @Controller()
    class Wrong {
      @Get('a')
      @Reflect.apply(HttpCache, undefined, [])
      nothing(): void {}

      @Get('b')
      @HttpCache('1m' as never)
      text(): void {}

      @Get('c')
      @HttpCache(everyone)
      file(): StreamableFile {
        throw new Error('never called');
      }

      @Get('d')
      @HttpCache({ ...everyone, varyBy: ['plan'] })
      unknown(@Req() _request: object): void {}
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot()],
      controllers: [Wrong],
    }).compile();
    const error = await testing.init().catch((reason: unknown) => reason);
    await testing.close();
    expect((error as Error).message.split('\n')).toEqual([
      expect.stringContaining("Wrong.nothing @HttpCache.audience: say whom the answer is for: 'everyone'"),
      expect.stringContaining(
        "Wrong.text @HttpCache: expected an object such as { audience: 'everyone', ttl: '5m' }, got ",
      ),
      expect.stringContaining('Wrong.file @HttpCache: it returns a StreamableFile, which can be read once'),
      expect.stringContaining(
        "Wrong.unknown @HttpCache: varyBy 'plan' is not known; name it in the module's options",
      ),
    ]);
  });

  it('takes controllers of one name, and a class with routes that cannot be cached', async () => {
    const Same = class Products {
      find() {
        return { run: run() };
      }
    };
    const Other = class Products {
      find() {
        return { run: run() };
      }
    };
    for (const [path, type] of [
      ['one', Same],
      ['other', Other],
    ] as const) {
      Controller(path)(type);
      HttpCache(everyone)(type);
      Get()(type.prototype, 'find', Object.getOwnPropertyDescriptor(type.prototype, 'find')!);
    }
    await using nest = await httpApp('express', { controllers: [Same, Other, ByClass] });
    const one = await nest.get('/one');
    expect((await nest.get('/other')).body).not.toEqual(one.body);
  });
});
