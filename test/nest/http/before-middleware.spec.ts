import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  type INestApplication,
  Param,
  Res,
  type Type,
  VersioningType,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import { HttpCache, MemcachedClient, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import {
  type Answer,
  type HttpApp,
  httpApp,
  type HttpAppOptions,
  type PlatformName,
  type PlatformResponse,
  PLATFORMS,
  setHeader,
} from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m', early: 'before-middleware' } as const;

@Controller('pages')
class Pages {
  static runs = 0;

  @Get('list')
  @Header('x-declared', 'yes')
  @HttpCache({ ...everyone, vary: ['accept-language'], xCache: true, tags: ['pages'] })
  list() {
    Pages.runs += 1;
    return { list: [1, { a: 'äß€😀\u2028\n' }], run: Pages.runs };
  }

  @Get('items/:id')
  @HttpCache({ ...everyone, tags: ({ params }) => [`item:${(params as { id: string }).id}`] })
  item(@Param('id') id: string) {
    Pages.runs += 1;
    return { id, run: Pages.runs };
  }

  @Get('text')
  @HttpCache({ ...everyone, etag: 'strong', maxAge: '1m' })
  text(@Res({ passthrough: true }) response: PlatformResponse) {
    setHeader(response, 'link', ['</a>', '</b>']);
    setHeader(response, 'last-modified', 'Mon, 02 Nov 2026 10:00:00 GMT');
    response.removeHeader('x-frame-options');
    return 'text';
  }

  @Get('bytes')
  @Header('content-type', 'application/octet-stream')
  @HttpCache({ ...everyone, etag: 'none' })
  bytes() {
    return Buffer.of(0, 255, 10);
  }

  @Get('moved')
  @HttpCache(everyone)
  moved(@Res({ passthrough: true }) response: PlatformResponse) {
    setHeader(response.status(301), 'location', '/new');
  }

  @Get('old')
  @HttpCache(everyone)
  old(@Res({ passthrough: true }) response: PlatformResponse) {
    setHeader(response.status(301), 'location', '/new');
    return 'It is at /new.';
  }

  @Get('plain')
  plain() {
    return { plain: true };
  }
}

interface Request {
  readonly headers: Record<string, string | undefined>;
  readonly url: string;
}
interface Response {
  setHeader(name: string, value: string): void;
  statusCode: number;
  end(text?: string): void;
}
type Middleware = (request: Request, response: Response, next: () => void) => void;

/** An application whose middleware tells what it has seen. */
interface Watched extends AsyncDisposable {
  readonly nest: HttpApp;
  /** What middleware has seen since it was asked last. */
  seen(): number;
  /** Asks until requests like this are answered before middleware; the last of the ordinary hits. */
  warm(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
}

/** More requests than it takes: whatever is not answered by then never is. */
const ENOUGH = 6;

async function start(
  platform: PlatformName,
  middleware: readonly Middleware[] = [],
  options: Partial<HttpAppOptions> = {},
): Promise<Watched> {
  let requests = 0;
  const nest = await httpApp(platform, {
    controllers: [Pages],
    ...options,
    prepare: (app) => {
      app.use((_: unknown, __: unknown, next: () => void) => {
        requests += 1;
        next();
      });
      for (const each of middleware) app.use(each);
      options.prepare?.(app);
    },
  });
  const seen = (): number => {
    const before = requests;
    requests = 0;
    return before;
  };
  return {
    nest,
    seen,
    async warm(path, headers, method) {
      for (let round = 0, last: Answer | undefined; round < ENOUGH; round += 1) {
        seen();
        const answer = await nest.get(path, headers, method);
        if (seen() === 0 && last !== undefined) return last;
        last = answer;
      }
      throw new Error(`middleware sees every request for ${path}`);
    },
    [Symbol.asyncDispose]: () => nest[Symbol.asyncDispose](),
  };
}

const security: Middleware = (_, response, next) => {
  response.setHeader('Content-Security-Policy', "default-src 'self'");
  response.setHeader('x-frame-options', 'DENY');
  next();
};

function cors(app: INestApplication): void {
  app.enableCors({ origin: ['https://one.example', 'https://two.example'], credentials: true });
}

const OF_THE_MOMENT = new Set(['date', 'age']);

function whole({ status, rawHeaders, text }: Answer): object {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, OF_THE_MOMENT.has(name.toLowerCase()) ? '' : rawHeaders[index + 1]]] : [],
  );
  return { status, text, lines };
}

describe.each(PLATFORMS)('a hit before middleware on %s', (platform) => {
  describe('is the ordinary one, line by line', () => {
    let app: Watched;
    beforeAll(async () => {
      app = await start(platform, [security], { prepare: cors });
    });
    afterAll(async () => app[Symbol.asyncDispose]());

    const headers: Record<string, string>[] = [
      {},
      { origin: 'https://two.example', 'x-more': '1' },
      { 'accept-language': 'de' },
    ];
    it.each(
      ['list', 'list?page=2', 'items/7', 'text', 'bytes', 'old'].flatMap((path) =>
        headers.flatMap((each) => ['GET', 'HEAD'].map((method) => [path, each, method] as const)),
      ),
    )('%s %j %s', async (path, each, method) => {
      const ordinary = await app.warm(`/pages/${path}`, each, method);
      const before = await app.nest.get(`/pages/${path}`, each, method);
      expect(app.seen()).toBe(0);
      expect(ordinary.headers['cache-status']).toBe('nestjs-memcached; hit');
      expect(whole(before)).toEqual(whole(ordinary));
    });

    it.each(['GET', 'HEAD'])('also where it is "not modified", to %s', async (method) => {
      for (const path of ['/pages/list', '/pages/text']) {
        const { headers: said } = await app.nest.get(path);
        const conditions: Record<string, string>[] = [
          { 'if-none-match': String(said.etag) },
          { 'if-none-match': '"other", *' },
          { 'if-none-match': '*' },
          { 'if-modified-since': 'Mon, 02 Nov 2026 10:00:00 GMT' },
        ];
        for (const condition of conditions) {
          await app.warm(path, {}, method);
          const before = await app.nest.get(path, condition, method);
          expect(app.seen()).toBe(0);
          // Cookies are for the application.
          const ordinary = await app.nest.get(path, { ...condition, cookie: 'a=b' }, method);
          expect(app.seen()).toBe(1);
          expect(whole(before)).toEqual(whole(ordinary));
          if (ordinary.status === 304) expect(ordinary.headers).not.toHaveProperty('content-length');
        }
      }
    });
  });

  it('is one after another was "not modified" the ordinary way, to GET as to HEAD', async () => {
    await using app = await start(platform);
    await app.nest.get('/pages/list');
    for (const method of ['HEAD', 'GET']) {
      const headers = { 'x-of': method };
      for (const _ of ['first', 'heard']) await app.nest.get('/pages/list', headers, method);
      await app.nest.get('/pages/list', { ...headers, 'if-none-match': '*' }, method);
      await app.warm('/pages/list', headers, method);
    }
    expect(app.nest.warnings).toEqual([]);
  });

  it('bears the CORS headers of its own origin', async () => {
    await using app = await start(platform, [security], { prepare: cors });
    const origins = ['https://one.example', 'https://two.example', 'https://evil.example'];
    for (const origin of origins) await app.warm('/pages/list', { origin });
    app.seen();
    for (const origin of origins) {
      const { headers } = await app.nest.get('/pages/list', { origin });
      expect(headers['access-control-allow-origin']).toBe(origin.includes('evil') ? undefined : origin);
      expect(headers['content-security-policy']).toBe("default-src 'self'");
    }
    expect(app.seen()).toBe(0);
    const other = await app.nest.get('/pages/list', { origin: 'https://three.example' });
    expect([app.seen(), other.headers['access-control-allow-origin']]).toEqual([1, undefined]);
    const asked = { origin: origins[0], 'access-control-request-method': 'GET' };
    expect((await app.nest.get('/pages/list', asked, 'OPTIONS')).status).toBe(204);
  });

  it.each([
    ['authorization', 'Bearer x'],
    ['cookie', 'a=b'],
    ['range', 'bytes=0-1'],
    ['cache-control', 'no-store'],
    ['cache-control', 'only-if-cached'],
    ['content-length', '0'],
    ['upgrade', 'h2c'],
    ['expect', '100-continue'],
  ])('is none for a request with %s: %s', async (name, value) => {
    await using app = await start(platform);
    await app.warm('/pages/list');
    for (let round = 0; round < ENOUGH; round += 1) await app.nest.get('/pages/list', { [name]: value });
    expect(app.seen()).toBe(ENOUGH);
  });

  it('is none for another method, and for a route without it', async () => {
    await using app = await start(platform);
    await app.warm('/pages/list');
    for (let round = 0; round < ENOUGH; round += 1) {
      expect((await app.nest.get('/pages/list', {}, 'POST')).status).toBe(404);
      expect((await app.nest.get('/pages/plain')).body).toEqual({ plain: true });
      expect((await app.nest.get('/pages/none')).status).toBe(404);
    }
    expect(app.seen()).toBe(3 * ENOUGH);
  });

  it('is for whom `Vary` says, by options, by middleware and by the method', async () => {
    const language: Middleware = ({ headers }, response, next) => {
      response.setHeader('Vary', 'X-Theme');
      response.setHeader('x-theme', headers['x-theme'] ?? 'none');
      next();
    };
    await using app = await start(platform, [language]);
    for (const theme of ['dark', 'light']) {
      for (const locale of ['de', 'en']) {
        const headers = { 'x-theme': theme, 'accept-language': locale };
        expect((await app.warm('/pages/list', headers)).headers['x-theme']).toBe(theme);
      }
    }
    const bodies = new Set<string>();
    for (const theme of ['dark', 'light']) {
      for (const locale of ['de', 'en']) {
        const answer = await app.nest.get('/pages/list', { 'x-theme': theme, 'accept-language': locale });
        expect(answer.headers['x-theme']).toBe(theme);
        bodies.add(answer.text);
      }
    }
    expect([app.seen(), bodies.size]).toEqual([0, 4]);
    await app.nest.get('/pages/list', { 'x-theme': 'dark', 'accept-language': 'fr' });
    expect(app.seen()).toBe(1);
  });

  it('is none for a request with a header of another name, until one like it was answered twice', async () => {
    const echo: Middleware = ({ headers }, response, next) => {
      if (headers['x-echo'] !== undefined) response.setHeader('x-echoed', headers['x-echo']);
      next();
    };
    await using app = await start(platform, [echo]);
    await app.warm('/pages/items/7');
    for (let round = 0; round < ENOUGH; round += 1) {
      const { headers } = await app.nest.get('/pages/items/7', { 'x-echo': String(round) });
      expect(headers['x-echoed']).toBe(String(round));
    }
    expect(app.seen()).toBe(ENOUGH);
  });

  it('is not for others what middleware has made of a header of one, and has not named', async () => {
    const canonical: Middleware = ({ headers }, response, next) => {
      response.setHeader('link', `<https://one.example:${headers['x-forwarded-port']}/>; rel="canonical"`);
      next();
    };
    await using app = await start(platform, [canonical]);
    await app.warm('/pages/items/7', { 'x-forwarded-port': '1337' });
    const { headers } = await app.nest.get('/pages/items/7', { 'x-forwarded-port': '443' });
    expect(headers.link).toContain(':443/');
  });

  it.each<[string, string, Middleware]>([
    [
      'says something else each time',
      "something else by 'X-Request-Id'",
      (_, response, next) => {
        response.setHeader('X-Request-Id', String(Math.random()));
        next();
      },
    ],
    [
      'sets a cookie',
      "says 'set-cookie'",
      (_, response, next) => {
        response.setHeader('set-cookie', 'a=b');
        next();
      },
    ],
    [
      'replaces what sends',
      'may change what is sent',
      (_, response, next) => {
        const { end } = response;
        response.end = (...args) => Reflect.apply(end, response, args);
        next();
      },
    ],
  ])('is none where middleware %s, which is told once', async (_name, told, middleware) => {
    let isOn = false;
    await using app = await start(platform, [
      (request, response, next) => (isOn ? middleware(request, response, next) : next()),
    ]);
    // Stored without it, as another process may have done.
    for (const id of [1, 2]) await app.nest.get(`/pages/items/${id}`);
    isOn = true;
    app.seen();
    for (let round = 0; round < ENOUGH; round += 1)
      for (const id of [1, 2]) await app.nest.get(`/pages/items/${id}`);
    expect(app.seen()).toBe(2 * ENOUGH);
    expect(app.nest.warnings).toEqual([
      expect.stringMatching(new RegExp(`Pages\\.item @HttpCache: its hits are not .*${told}`)),
    ]);
  });

  it('is none where middleware answers by itself', async () => {
    await using app = await start(platform, [
      ({ url, headers }, response, next) => {
        if (!url.includes('barred') && headers['x-barred'] === undefined) {
          next();
          return;
        }
        response.statusCode = 403;
        response.end('barred');
      },
    ]);
    await app.warm('/pages/items/7');
    for (let round = 0; round < ENOUGH; round += 1) {
      expect((await app.nest.get('/pages/items/7', { 'x-barred': '1' })).status).toBe(403);
      expect((await app.nest.get('/pages/items/barred')).status).toBe(403);
    }
    expect(app.seen()).toBe(2 * ENOUGH);
  });

  it('is for the host and the scheme that the client asked a trusted proxy for', async () => {
    await using app = await start(platform, [], {
      fastify: { trustProxy: true },
      prepare: (nest) => {
        if (platform === 'express')
          (nest.getHttpAdapter().getInstance() as { set(name: string, value: unknown): void }).set(
            'trust proxy',
            true,
          );
      },
    });
    const asked = ['one.example', 'two.example'].flatMap((host) =>
      ['http', 'https'].map((scheme) => ({
        host: 'inner',
        'x-forwarded-host': host,
        'x-forwarded-proto': scheme,
        'x-forwarded-for': host,
      })),
    );
    for (const headers of asked) await app.warm('/pages/items/7', headers);
    app.seen();
    const bodies = [];
    for (const headers of asked) bodies.push((await app.nest.get('/pages/items/7', headers)).text);
    expect([app.seen(), new Set(bodies).size]).toEqual([0, 4]);
    // From whom it comes, the host does not depend on.
    await app.nest.get('/pages/items/7', { ...asked[0], 'x-forwarded-for': 'another' });
    expect(app.seen()).toBe(0);
    await app.nest.get('/pages/items/7', { ...asked[0], 'x-forwarded-host': 'three.example' });
    await app.nest.get('/pages/items/7', { host: 'inner' });
    expect(app.seen()).toBe(2);
  });

  it('is gone when its tags are invalidated, its key is, or it is stored anew', async () => {
    await using app = await start(platform);
    const service = app.nest.app.get(MemcachedService);
    for (const change of [
      () => service.invalidateTags('item:7'),
      () => service.invalidateTags('item:7', { soft: '1m' }),
      async () => {
        for await (const key of service.keys()) await service.invalidate(key);
      },
    ]) {
      const before = await app.warm('/pages/items/7');
      await change();
      app.seen();
      const anew = await app.nest.get('/pages/items/7');
      expect([anew.text === before.text, app.seen()]).toEqual([false, 1]);
      await app.warm('/pages/items/7');
      expect((await app.nest.get('/pages/items/7')).text).toBe(anew.text);
    }
  });

  it('is served out of the near cache, where there is one, and asks memcached for nothing', async () => {
    await using app = await start(platform, [], { memcached: { cache: { near: { maxAge: '1m' } } } });
    // There have been near caches for hours.
    await using client = new MemcachedClient({ servers: app.nest.servers });
    await client.set('~near', 'mark', { ttl: '20h' });
    const service = app.nest.app.get(MemcachedService);
    const hits = (): [near: number, all: number] => [service.near!.hits, service.counters.hit];
    await app.warm('/pages/items/7');
    for (const [before] = hits(); hits()[0] === before;) await app.nest.get('/pages/items/7');
    const [near, all] = hits();
    app.seen();
    for (let round = 0; round < 10; round += 1) await app.nest.get('/pages/items/7');
    expect([...hits(), app.seen()]).toEqual([near + 10, all + 10, 0]);
    await service.invalidateTags('item:7');
    expect((await app.nest.get('/pages/items/7')).headers.age).toBeUndefined();
  });

  it('is no error where the server is gone', async () => {
    await using app = await start(platform);
    await app.warm('/pages/items/7');
    await app.nest.app.get(MemcachedService).close();
    for (let round = 0; round < ENOUGH; round += 1) {
      const answer = await app.nest.get('/pages/items/7');
      expect([answer.status, answer.headers.age]).toEqual([200, undefined]);
    }
    expect(app.seen()).toBe(ENOUGH);
  });

  it('comes in order to a client that asks before it is answered', async () => {
    await using app = await start(platform);
    const host = 'one.example';
    for (const id of [1, 3]) await app.warm(`/pages/items/${id}`, { host });
    const { port } = app.nest.app.getHttpServer().address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const paths = [1, 2, 3, 4, 1, 3].map((id) => `/pages/items/${id}`);
    socket.write(
      paths
        .map((path, index) => {
          const last = index === paths.length - 1 ? 'connection: close\r\n' : '';
          return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${last === '' ? 'connection: keep-alive\r\n' : last}\r\n`;
        })
        .join(''),
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(Array.from(text.matchAll(/"id":"(\d)"/g), ([, id]) => Number(id))).toEqual([1, 2, 3, 4, 1, 3]);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(6);
  });

  it('keeps the connection', async () => {
    await using app = await start(platform);
    await using agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1 }), {
      async [Symbol.asyncDispose]() {
        agent.destroy();
      },
    });
    const origin = await app.nest.app.getUrl();
    const sockets = new Set<unknown>();
    app.seen();
    for (let round = 0; round < ENOUGH; round += 1) {
      const asked = send(`${origin}/pages/items/7`, { agent });
      asked.end();
      const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
      for await (const chunk of response) expect(String(chunk)).toContain('"id":"7"');
      sockets.add(response.socket);
    }
    expect(app.seen()).toBeLessThan(ENOUGH);
    expect(sockets.size).toBe(1);
  });

  it('does no harm where its client is gone', async () => {
    await using app = await start(platform);
    await app.warm('/pages/items/7');
    const { port } = app.nest.app.getHttpServer().address() as { port: number };
    for (let round = 0; round < 20; round += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('GET /pages/items/7 HTTP/1.1\r\nhost: a\r\n\r\n');
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    expect((await app.nest.get('/pages/items/7')).status).toBe(200);
  });

  it('is nothing to an application without a server', async () => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ isGlobal: true, servers: '127.0.0.1:1' })],
      controllers: [Pages],
    }).compile();
    await testing.init();
    await expect(testing.close()).resolves.toBeUndefined();
  });

  it('is none once the application ends', async () => {
    const last: { answer?: Answer } = {};
    class Last {
      async beforeApplicationShutdown(): Promise<void> {
        last.answer = await app.nest.get('/pages/items/7');
      }
    }
    const app = await start(platform, [], { providers: [Last] });
    await app.warm('/pages/items/7');
    app.seen();
    await app[Symbol.asyncDispose]();
    expect([last.answer?.status, app.seen()]).toEqual([200, 1]);
  });

  it('has prefixes, versions and hosts apart', async () => {
    const versioned = (version: string): Type => {
      @Controller({ path: 'pages', version })
      class OfVersion {
        @Get('page')
        @HttpCache(everyone)
        page() {
          return { version };
        }
      }
      return OfVersion;
    };
    @Controller({ path: 'pages', version: '1', host: 'own.example' })
    class OfHost {
      @Get('page')
      page() {
        return { version: 'own' };
      }
    }
    await using app = await start(platform, [], {
      controllers: [...(platform === 'express' ? [OfHost] : []), versioned('1'), versioned('2')],
      prepare: (nest) => void nest.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    });
    const host = 'all.example';
    for (const version of ['1', '2']) await app.warm(`/api/v${version}/pages/page`, { host });
    app.seen();
    for (const version of ['1', '2'])
      expect((await app.nest.get(`/api/v${version}/pages/page`, { host })).body).toEqual({ version });
    expect(app.seen()).toBe(0);
    // Fastify's adapter has one route for each path, whatever its hosts.
    const own = await app.nest.get('/api/v1/pages/page', { host: 'own.example' });
    const version = platform === 'express' ? 'own' : '1';
    expect([own.body, app.seen()]).toEqual([{ version }, 1]);
    expect((await app.nest.get('/pages/page', { host })).status).toBe(404);
  });

  it('goes on where a version is asked for by a header', async () => {
    @Controller('pages')
    class Neutral {
      @Get('page')
      @HttpCache(everyone)
      page() {
        return { version: 'any' };
      }
    }
    @Controller({ path: 'pages', version: '1' })
    class First {
      @Get('page')
      page() {
        return { version: '1' };
      }
    }
    await using app = await start(platform, [], {
      controllers: [First, Neutral],
      prepare: (nest) =>
        void nest.enableVersioning({
          type: VersioningType.HEADER,
          header: 'x-version',
          defaultVersion: undefined,
        }),
    });
    await app.warm('/pages/page');
    await app.warm('/pages/page', { 'x-version': '7' });
    for (let round = 0; round < ENOUGH; round += 1)
      expect((await app.nest.get('/pages/page', { 'x-version': '1' })).body).toEqual({ version: '1' });
  });
});
