import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  All,
  Controller,
  Get,
  Head,
  Header,
  type INestApplication,
  NotFoundException,
  Param,
  ParseIntPipe,
  Query,
  Res,
  type Type,
} from '@nestjs/common';
import { HttpCache, HttpCacheInterceptor, MemcachedService } from '../../../lib/index.js';
import {
  type Answer,
  type HttpApp,
  httpApp,
  type PlatformName,
  type PlatformResponse,
  PLATFORMS,
  setHeader,
} from '../support/http-apps.js';

/** The same routes, with early hits and without. */
function pages(early: boolean): Type & { runs: number } {
  const everyone = { audience: 'everyone', ttl: '1m', early } as const;

  @Controller('pages')
  class Pages {
    static runs = 0;

    @Get('list')
    @Header('x-declared', 'yes')
    @Header('vary', 'x-declared-vary')
    @HttpCache({ ...everyone, vary: ['accept-language'], query: ['page'], xCache: true, tags: ['pages'] })
    list(@Query('page') page = '1') {
      Pages.runs += 1;
      return { page, list: [1, { a: 'äß€😀\u2028\n' }], at: new Date(0) };
    }

    @Get('items/:id')
    @HttpCache({ ...everyone, tags: ({ params }) => [`item:${(params as { id: string }).id}`] })
    item(@Param('id', ParseIntPipe) id: number) {
      Pages.runs += 1;
      if (id === 404) throw new NotFoundException();
      return { id, run: Pages.runs };
    }

    @Get('geo/:lat,:lng')
    @HttpCache(everyone)
    geo() {
      return 'geo';
    }

    @Get('text')
    @HttpCache(everyone)
    text() {
      return 'text';
    }

    @Get('nothing')
    @HttpCache(everyone)
    nothing() {
      return undefined;
    }

    @Get('number')
    @HttpCache({ ...everyone, etag: 'none' })
    number() {
      return 7;
    }

    @Get('bytes')
    @Header('content-type', 'application/octet-stream')
    @HttpCache(everyone)
    bytes() {
      return Buffer.of(0, 255, 10);
    }

    @Get('moved')
    @HttpCache(everyone)
    moved(@Res({ passthrough: true }) response: PlatformResponse) {
      setHeader(response.status(301), 'location', '/new');
    }

    @Get('embed')
    @HttpCache({ ...everyone, etag: 'strong', maxAge: '1m' })
    embed(@Res({ passthrough: true }) response: PlatformResponse) {
      response.removeHeader('x-frame-options');
      setHeader(response, 'link', ['</a>', '</b>']);
      setHeader(response, 'last-modified', 'Mon, 02 Nov 2026 10:00:00 GMT');
      return { embed: true };
    }

    @Get('tenant')
    @HttpCache({ ...everyone, varyBy: ['tenant', ({ headers }) => headers['x-user'] ?? null] })
    tenant() {
      return { tenant: Tenant.now };
    }

    @Get('wild/*')
    @HttpCache(everyone)
    wild() {
      return { wild: true };
    }

    @Head('head')
    @HttpCache(everyone)
    head() {
      return 'head';
    }

    @All('all')
    @HttpCache(everyone)
    all() {
      Pages.runs += 1;
      return { all: Pages.runs };
    }

    @Get('fails')
    @HttpCache({
      ...everyone,
      when: ({ headers }) => {
        if (headers['x-fails'] !== undefined) throw new NotFoundException('when');
        return headers['x-past'] === undefined;
      },
    })
    fails() {
      return { fails: false };
    }
  }
  return Pages;
}

/** A header that is another for each answer. */
function numbered(early: boolean): Type {
  let count = 0;

  @Controller('numbered')
  class Numbered {
    @Get()
    @Header('x-number', () => String((count += 1)))
    @HttpCache({ audience: 'everyone', ttl: '1m', early, query: ['page'] })
    list(@Query('page') page = '1') {
      return { page };
    }
  }
  return Numbered;
}

/** Set by middleware, as a tenant is. */
const Tenant = { now: '' };

const TELLS_OF_ONE_ANSWER = new Set(['date', 'connection', 'keep-alive']);

/** Everything that was answered, headers in their order; how old it is tells the clock. */
function whole({ status, headers, text }: Answer): object {
  const said = Object.entries(headers).filter(([name]) => !TELLS_OF_ONE_ANSWER.has(name));
  return { status, text, headers: said.map(([name, value]) => (name === 'age' ? 'age' : [name, value])) };
}

interface Middleware {
  (
    request: { headers: Record<string, string | undefined> },
    response: { setHeader(name: string, value: string): void },
    next: () => void,
  ): void;
}

const security: Middleware = ({ headers }, response, next) => {
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('x-host', String(headers.host?.split(':')[0]));
  Tenant.now = headers['x-tenant'] ?? '';
  next();
};

function prepare(app: INestApplication): void {
  app.use(security);
  app.enableCors({ origin: ['https://one.example', 'https://two.example'], credentials: true });
}

function start(platform: PlatformName, early: boolean, more: object = {}): Promise<HttpApp> {
  return httpApp(platform, {
    controllers: [pages(early)],
    memcached: { decorators: { varyBy: { tenant: () => Tenant.now } } },
    prepare,
    ...more,
  });
}

const PART = 8;

type Request = readonly [path: string, headers?: Record<string, string>, method?: string];

const PATHS = [
  'list',
  'list?page=2&utm=1',
  'items/7',
  'items/7/',
  'items/404',
  'items/x',
  'items/',
  'text',
  'nothing',
  'number',
  'bytes',
  'moved',
  'embed',
  'tenant',
  'wild/a/b',
  'head',
  'all',
  'fails',
  'none',
];

const ASKED: readonly (readonly [headers: Record<string, string>, method?: string])[] = [
  [{}],
  [{}],
  [{}],
  [{}, 'HEAD'],
  [{}, 'HEAD'],
  [{}, 'POST'],
  [{ 'if-none-match': '*' }],
  [{ 'if-none-match': '*' }, 'HEAD'],
  [{ 'if-none-match': '"other"' }],
  [{ 'if-modified-since': 'Mon, 02 Nov 2026 10:00:00 GMT' }],
  [{ origin: 'https://one.example' }],
  [{ origin: 'https://one.example' }],
  [{ origin: 'https://two.example' }],
  [{ origin: 'https://evil.example' }],
  [{ origin: 'https://one.example', 'access-control-request-method': 'GET' }, 'OPTIONS'],
  [{ 'accept-language': 'de', 'x-declared-vary': '1' }],
  [{ 'accept-language': 'de', 'x-declared-vary': '1' }],
  [{ 'accept-language': 'de', 'x-declared-vary': '2' }],
  [{ authorization: 'Bearer x' }],
  [{ 'cache-control': 'no-cache' }],
  [{ 'cache-control': 'no-store' }],
  [{ 'cache-control': 'only-if-cached', 'accept-language': 'fr' }],
  [{ 'cache-control': 'only-if-cached' }],
  [{ 'x-tenant': 'a' }],
  [{ 'x-tenant': 'b' }],
  [{ 'x-tenant': 'a' }],
  [{ 'x-tenant': 'a', 'x-user': 'u' }],
  [{ host: 'other.example' }],
  [{ host: 'OTHER.example' }],
  [{ 'x-fails': '1' }],
  [{ 'x-past': '1' }],
];

const PARTS = ASKED.flatMap((_, index) => (index % PART === 0 ? [index] : []));

describe.each(PLATFORMS)('what is said of an early hit on %s', (platform) => {
  let early: HttpApp;
  let ordinary: HttpApp;
  beforeAll(async () => {
    early = await start(platform, true);
    ordinary = await start(platform, false);
  });
  afterAll(async () => {
    await early[Symbol.asyncDispose]();
    await ordinary[Symbol.asyncDispose]();
  });

  it.each(Array.from(PATHS, (path) => PARTS.map((part) => [path, part] as const)).flat())(
    'is what is said of the interceptor’s: %s, requests from the %ith',
    async (path, part) => {
      for (const [headers, method] of ASKED.slice(part, part + PART)) {
        // Each application has its port, and so its keys.
        const asked: Request = [`/pages/${path}`, { host: 'one.example', ...headers }, method];
        const answers = await Promise.all([early, ordinary].map((nest) => nest.get(...asked)));
        expect({ asked, ...whole(answers[0]) }).toEqual({ asked, ...whole(answers[1]) });
      }
      const counters = [early, ordinary].map(({ app }) => app.get(MemcachedService).counters);
      expect(counters[0]).toEqual(counters[1]);
    },
  );
});

describe.each(PLATFORMS)('an early hit on %s', (platform) => {
  let interceptions: ReturnType<typeof jest.spyOn>;
  beforeEach(() => void (interceptions = jest.spyOn(HttpCacheInterceptor.prototype, 'intercept')));
  afterEach(() => interceptions.mockRestore());

  it.each([true, false])('has headers of its own where a function makes them (early: %s)', async (early) => {
    await using nest = await httpApp(platform, { controllers: [numbered(early)] });
    await nest.get('/numbered?page=1');
    const missed = await nest.get('/numbered?page=2');
    const hits = [await nest.get('/numbered?page=2'), await nest.get('/numbered?page=2')];
    expect(hits.map(({ headers }) => headers.age)).toEqual(['0', '0']);
    const numbers = [missed, ...hits].map(({ headers }) => headers['x-number']);
    expect(new Set(numbers).size).toBe(3);
  });

  it('comes before Nest', async () => {
    await using nest = await start(platform, true);
    for (const path of ['/pages/list', '/pages/list?page=7']) await nest.get(path);
    // Fastify has another route for HEAD.
    await nest.get('/pages/list', {}, 'HEAD');
    interceptions.mockClear();
    const hit = await nest.get('/pages/list?page=7');
    expect([hit.headers['cache-status'], hit.headers['x-cache']]).toEqual(['nestjs-memcached; hit', 'HIT']);
    expect(hit.headers['x-frame-options']).toBe('DENY');
    const etag = String(hit.headers.etag);
    expect((await nest.get('/pages/list', { 'if-none-match': etag })).status).toBe(200);
    expect((await nest.get('/pages/list?page=7', { 'if-none-match': etag })).status).toBe(304);
    expect((await nest.get('/pages/list?page=7', {}, 'HEAD')).headers.etag).toBe(etag);
    expect(interceptions).not.toHaveBeenCalled();
  });

  it.each(['near', 'grace'])('is the interceptor’s with other options too: %s', async (option) => {
    const memcached = {
      decorators: { varyBy: { tenant: () => Tenant.now } },
      cache: option === 'near' ? { near: { maxAge: '10s' } } : { grace: '10m', serveStale: true },
    };
    await using early = await start(platform, true, { memcached });
    await using ordinary = await start(platform, false, { memcached });
    for (const round of ['first', 'second', 'soft']) {
      const service = [early, ordinary].map(({ app }) => app.get(MemcachedService));
      if (round === 'soft')
        await Promise.all(service.map((each) => each.invalidateTags('item:7', { soft: '1m' })));
      for (const _ of [1, 2]) {
        const answers = [
          await early.get('/pages/items/7', { host: 'a' }),
          await ordinary.get('/pages/items/7', { host: 'a' }),
        ];
        expect({ round, ...whole(answers[0]) }).toEqual({ round, ...whole(answers[1]) });
      }
      expect(service[0].counters).toEqual(service[1].counters);
    }
  });

  it('is waited for by nobody where Nest answers without its interceptor', async () => {
    await using nest = await start(platform, true);
    await nest.get('/pages/geo/1,2');
    for (const _ of ['first', 'second']) {
      // Fastify's router takes it for that route's, and Nest's adapter does not.
      const answers = await Promise.all(Array.from({ length: 5 }, () => nest.get('/pages/geo/12')));
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    }
    expect((await nest.get('/pages/geo/1,2')).text).toBe('geo');
  });

  it('is none after its tags were invalidated', async () => {
    await using nest = await start(platform, true);
    const first = await nest.get('/pages/items/7');
    expect((await nest.get('/pages/items/7')).text).toBe(first.text);
    await nest.app.get(MemcachedService).invalidateTags('item:7');
    const anew = await nest.get('/pages/items/7');
    expect(anew.text).not.toBe(first.text);
    expect((await nest.get('/pages/items/7')).text).toBe(anew.text);
  });

  it('is one run for all who ask at once', async () => {
    const controller = pages(true);
    await using nest = await start(platform, true, { controllers: [controller] });
    await nest.get('/pages/items/1');
    const before = controller.runs;
    const answers = await Promise.all(Array.from({ length: 20 }, () => nest.get('/pages/items/2')));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(controller.runs).toBe(before + 1);
  });

  it('is not waited for where the server is gone, and is no error', async () => {
    await using nest = await start(platform, true);
    await nest.get('/pages/items/7');
    await nest.get('/pages/items/7');
    await nest.app.get(MemcachedService).close();
    const answer = await nest.get('/pages/items/7');
    expect([answer.status, answer.headers.age]).toEqual([200, undefined]);
  });
});
