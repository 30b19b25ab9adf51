import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  ClassSerializerInterceptor,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Param,
  Redirect,
  Res,
  ServiceUnavailableException,
  StreamableFile,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import { EventEmitter, once } from 'node:events';
import { map, type Observable } from 'rxjs';
import { HttpCache, MemcachedService } from '../../../lib/index.js';
import {
  type Answer,
  httpApp,
  type PlatformName,
  type PlatformResponse,
  PLATFORMS,
  setHeader,
} from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

class Order {
  readonly id = 7;

  @Exclude()
  customer?: object;
}

class Account {
  @Exclude()
  readonly password = 'secret';

  constructor(readonly name: string) {}
}

@Controller()
class Pages {
  static readonly gate = new EventEmitter();

  @Get('embed')
  @HttpCache(everyone)
  embed(@Res({ passthrough: true }) response: PlatformResponse) {
    response.removeHeader('x-frame-options');
    setHeader(response, 'link', ['</a>', '</b>']);
    return { run: run() };
  }

  @Get('kind/:kind')
  @HttpCache(everyone)
  kind(@Param('kind') kind: string): unknown {
    run();
    return KINDS[kind]();
  }

  @Get('list')
  @HttpCache({ ...everyone, audience: 'authorized' })
  async list() {
    run();
    if (Pages.gate.listenerCount('open') > 0) await once(Pages.gate, 'open');
    return { list: [1], at: new Date(0) };
  }

  @Get('moved')
  @HttpCache(everyone)
  moved(@Res({ passthrough: true }) response: PlatformResponse) {
    run();
    setHeader(response.status(301), 'location', '/new');
  }

  @Get('redirected')
  @Redirect()
  @HttpCache(everyone)
  redirected() {
    run();
    return { url: '/new', statusCode: 301 };
  }

  @Get('accepted')
  @HttpCode(202)
  @HttpCache(everyone)
  accepted() {
    return { run: run() };
  }

  @Get('no-etag')
  @HttpCache({ ...everyone, etag: 'none' })
  noEtag(@Res({ passthrough: true }) response: PlatformResponse) {
    setHeader(response, 'last-modified', 'Mon, 02 Nov 2026 10:00:00 GMT');
    return { run: run() };
  }
}

const KINDS: Record<string, () => unknown> = {
  text: () => 'text',
  'empty text': () => '',
  number: () => 7,
  true: () => true,
  null: () => null,
  nothing: () => undefined,
  list: () => [1, { a: null }],
  date: () => ({ at: new Date(0), map: new Map([[1, 2]]) }),
  instance: () => new Account('ann'),
  bytes: () => Buffer.of(0, 255, 10),
  unicode: () => ({ text: 'äß€😀\u2028\n' }),
  json: () => ({ toJSON: () => ({ a: 1 }) }),
};

/** Depends on the request, in what it adds and in what it writes into the value it is handed. */
@Injectable()
class Greeting implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return next.handle().pipe(
      map((value: unknown) => {
        if (headers['x-fails'] !== undefined) throw new ServiceUnavailableException();
        if (typeof value !== 'object' || value === null) return value;
        const written = value as { you?: string; at?: Date };
        if (headers['x-user'] !== undefined) written.you = `${headers['x-user']} ${written.at?.getTime()}`;
        return headers['x-lang'] === undefined ? value : { ...value, text: headers['x-lang'] };
      }),
    );
  }
}

const further = [{ provide: APP_INTERCEPTOR, useClass: Greeting }];

const tellsOfOneAnswer = new Set(['date', 'age', 'cache-status', 'connection', 'keep-alive']);

function lasting({ status, headers, text }: Answer): object {
  return { status, text, headers: Object.entries(headers).filter(([name]) => !tellsOfOneAnswer.has(name)) };
}

async function twice(platform: PlatformName, path: string, options: object = {}): Promise<[Answer, Answer]> {
  await using nest = await httpApp(platform, { controllers: [Pages], ...options });
  runs = 0;
  return [await nest.get(path), await nest.get(path)];
}

describe.each(PLATFORMS)('a hit on %s', (platform) => {
  it('has the headers that the method has set, and lacks those that it has taken away', async () => {
    const [miss, hit] = await twice(platform, '/embed', {
      prepare: (app: { use(middleware: unknown): void }) =>
        app.use((_: unknown, response: { setHeader(...args: unknown[]): void }, next: () => void) => {
          response.setHeader('x-frame-options', 'DENY');
          next();
        }),
    });
    expect(runs).toBe(1);
    expect(hit.headers.age).toBe('0');
    expect(hit.headers['x-frame-options']).toBeUndefined();
    expect(lasting(hit)).toEqual(lasting(miss));
  });

  it.each(Object.keys(KINDS))('is what the miss was: %s', async (kind) => {
    for (const providers of [[], further]) {
      const [miss, hit] = await twice(platform, `/kind/${kind}`, { providers });
      expect(lasting(hit)).toEqual(lasting(miss));
      expect(miss.status).toBe(200);
    }
  });

  it('hides what a serializer further out hides, and needs no codec where there is none', async () => {
    const providers = [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }];
    const memcached = { codec: { types: { Account } } };
    const answers = await twice(platform, '/kind/instance', { providers, memcached });
    expect(answers.map(({ body }) => body)).toEqual([{ name: 'ann' }, { name: 'ann' }]);
    expect(runs).toBe(1);
    await twice(platform, '/kind/instance');
    expect(runs).toBe(1);
  });

  it.each(['/moved', '/redirected'])(
    'of a redirect goes to the same place, whatever the condition: %s',
    async (path) => {
      await using nest = await httpApp(platform, { controllers: [Pages] });
      runs = 0;
      // Express says `Vary: Accept` of redirects, which becomes part of the key once that is known.
      for (const headers of [{}, {}, {}, { 'if-none-match': '*' }] as Record<string, string>[]) {
        const answer = await nest.get(path, headers);
        expect([answer.status, answer.headers.location]).toEqual([301, '/new']);
      }
      expect(runs).toBeLessThanOrEqual(2);
    },
  );

  it('hands everybody an object of his own, and an instance of its class', async () => {
    await using nest = await httpApp(platform, { controllers: [Pages], providers: further });
    runs = 0;
    const listening = once(Pages.gate, 'open');
    const both = ['ann', 'bob'].map((user) => nest.get('/list', { 'x-user': user }));
    while (runs === 0) await new Promise(setImmediate);
    Pages.gate.emit('open');
    await listening;
    const answers = await Promise.all([...both, nest.get('/list', { 'x-user': 'cleo' }), nest.get('/list')]);
    expect(answers.map(({ body }) => (body as { you?: string }).you)).toEqual([
      'ann 0',
      'bob 0',
      'cleo 0',
      undefined,
    ]);
    expect(runs).toBe(1);
  });

  it('is named and compared by what leaves, whoever has made it of what was stored', async () => {
    await using nest = await httpApp(platform, { controllers: [Pages], providers: further });
    const english = await nest.get('/kind/list', { 'x-lang': 'Hello' });
    const etag = String(english.headers.etag);
    expect(etag).toMatch(/^W\/"/);
    expect((await nest.get('/kind/list', { 'x-lang': 'Hello', 'if-none-match': etag })).status).toBe(304);
    const german = await nest.get('/kind/list', { 'x-lang': 'Hallo', 'if-none-match': etag });
    expect([german.status, (german.body as { text: string }).text]).toEqual([200, 'Hallo']);
    expect(german.headers.etag).not.toBe(etag);
  });

  it('leaves nothing of itself on an error that somebody further out makes of it', async () => {
    await using nest = await httpApp(platform, { controllers: [Pages], providers: further });
    for (const headers of [{ 'x-fails': 'yes' }, {}, { 'x-fails': 'yes' }]) {
      const answer = await nest.get('/kind/list', headers as Record<string, string>);
      if (answer.status === 200) continue;
      expect(answer.status).toBe(503);
      expect(answer.headers).not.toHaveProperty('cache-control');
      expect(answer.headers).not.toHaveProperty('age');
    }
  });

  it('answers a condition by date without an ETag of ours', async () => {
    await using nest = await httpApp(platform, {
      controllers: [Pages],
      prepare: (app) => {
        if (platform === 'express')
          (app.getHttpAdapter().getInstance() as { disable(name: string): void }).disable('etag');
      },
    });
    expect((await nest.get('/no-etag')).headers.etag).toBeUndefined();
    const given = { 'if-modified-since': 'Mon, 02 Nov 2026 10:00:00 GMT' };
    expect((await nest.get('/no-etag', given)).status).toBe(304);
  });
});

@Controller()
class Odd {
  @Get('bigint')
  @HttpCache(everyone)
  bigint() {
    return { id: 1n };
  }

  @Get('circular')
  @HttpCache(everyone)
  circular() {
    const order = new Order();
    order.customer = { orders: [order] };
    return order;
  }

  @Get('stream')
  @HttpCache(everyone)
  stream(): unknown {
    return new StreamableFile(Buffer.from(String(run())));
  }

  @Get('nobody')
  @HttpCache({ audience: (request: { user: { id: string } }) => request.user.id })
  nobody() {
    return { run: run() };
  }

  @Get('tags')
  @HttpCache({ ...everyone, tags: () => [''] })
  tags() {
    return { run: run() };
  }

  @Get('missing')
  @HttpCache(everyone)
  missing() {
    throw new NotFoundException(`run ${run()}`);
  }

  @Get('returned')
  @HttpCache(everyone)
  returned() {
    return new Error('not thrown');
  }

  @Get('returned-uncached')
  returnedUncached() {
    return new Error('not thrown');
  }

  @Get('accepted')
  @HttpCode(202)
  @HttpCache(everyone)
  accepted() {
    return { run: run() };
  }

  @Get('cookie')
  @HttpCache(everyone)
  cookie() {
    return { run: run() };
  }
}

@Injectable()
class BigIntsAsText implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const asText = (_name: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    return next.handle().pipe(map((value: unknown) => JSON.parse(JSON.stringify(value, asText)) as unknown));
  }
}

describe.each(PLATFORMS)('what cannot be stored on %s', (platform) => {
  it.each([
    ['bigint', BigIntsAsText, { id: '1' }],
    ['circular', ClassSerializerInterceptor, { id: 7 }],
  ])(
    'is answered as without the cache where somebody further out makes JSON of it: %s',
    async (path, useClass, body) => {
      await using nest = await httpApp(platform, {
        controllers: [Odd],
        providers: [{ provide: APP_INTERCEPTOR, useClass }],
      });
      for (const _ of ['miss', 'hit'])
        expect(await nest.get(`/${path}`)).toMatchObject({ status: 200, body });
    },
  );

  it('is what the platform cannot send either, and its error is the platform’s', async () => {
    await using nest = await httpApp(platform, { controllers: [Odd] });
    expect((await nest.get('/bigint')).status).toBe(500);
    expect(nest.warnings).toEqual([expect.stringContaining('its value cannot be stored')]);
  });

  it.each([
    ['nobody', 'a function among its options threw'],
    ['accepted', 'its status is 202'],
    ['stream', 'a stream can be read once'],
    ['cookie', 'its answers set a cookie'],
  ])('is told of once: %s', async (path, warning) => {
    await using nest = await httpApp(platform, {
      controllers: [Odd],
      prepare: (app) =>
        app.use((request: { url: string; originalUrl?: string }, response: Raw, next: () => void) => {
          if ((request.originalUrl ?? request.url) === '/cookie') setCookieLate(response);
          next();
        }),
    });
    runs = 0;
    for (const _ of ['first', 'second', 'third']) {
      const { headers, status } = await nest.get(`/${path}`);
      expect(status).toBeLessThan(300);
      expect(headers.age).toBeUndefined();
    }
    expect(runs).toBe(3);
    expect(nest.warnings).toEqual([
      expect.stringMatching(new RegExp(`Odd\\.${path} @HttpCache: .*${warning}`)),
    ]);
  });

  it('is no error to the client: tags that cannot be, and a server that is away', async () => {
    await using nest = await httpApp(platform, { controllers: [Odd] });
    expect((await nest.get('/tags')).status).toBe(200);
    await nest.app.get(MemcachedService).close();
    expect((await nest.get('/accepted')).status).toBe(202);
    expect((await nest.get('/cookie')).status).toBe(200);
  });

  it('is what the platform makes of an error that is returned, not thrown', async () => {
    await using nest = await httpApp(platform, { controllers: [Odd] });
    const { status, body } = await nest.get('/returned-uncached');
    for (const _ of ['miss', 'hit']) expect(await nest.get('/returned')).toMatchObject({ status, body });
  });

  it('is the failure of a method', async () => {
    await using nest = await httpApp(platform, { controllers: [Odd] });
    runs = 0;
    for (const number of [1, 2]) {
      expect(await nest.get('/missing')).toMatchObject({ status: 404, body: { message: `run ${number}` } });
    }
    expect(nest.warnings).toEqual([]);
  });
});

interface Raw {
  setHeader(name: string, value: string): void;
  writeHead: (...args: unknown[]) => unknown;
}

/** As session middleware does: when the head is written, and not before. */
function setCookieLate(response: Raw): void {
  const { writeHead } = response;
  response.writeHead = (...args) => {
    response.setHeader('set-cookie', 'sid=1');
    return Reflect.apply(writeHead, response, args);
  };
}
