import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  HttpCode,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  Res,
  Sse,
  StreamableFile,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EventEmitter, once } from 'node:events';
import { map, type Observable } from 'rxjs';
import request from 'supertest';
import { HttpCache, HttpCacheInterceptor, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

interface Response {
  status(code: number): Response;
  setHeader(name: string, value: string): void;
}

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const LAST_MODIFIED = 'Mon, 02 Nov 2026 10:00:00 GMT';

const authorized = {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest<Request>().headers.authorization === undefined) {
      throw new UnauthorizedException();
    }
    return true;
  },
};

@Injectable()
class Enveloped implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Counts how often its methods run; each answer tells the number of its run. */
@Controller()
class Pages {
  static runs = 0;
  static readonly gate = new EventEmitter();

  @Get('open')
  @HttpCache({ audience: 'everyone', ttl: '1m', vary: ['Accept-Language'], tags: ['pages'] })
  open(@Headers('accept-language') language = 'en', @Query('page') page = '1') {
    return { run: run(), language, page };
  }

  @Get('made')
  @HttpCode(203)
  @Header('x-always', 'there')
  @HttpCache({ audience: 'everyone', maxAge: '90s', etag: 'strong' })
  made(@Res({ passthrough: true }) response: Response) {
    response.setHeader('x-run', String(run()));
    response.setHeader('last-modified', LAST_MODIFIED);
    return 'made';
  }

  @Get('moved')
  @HttpCache({ audience: 'everyone' })
  moved(@Res({ passthrough: true }) response: Response) {
    response.status(301).setHeader('location', `/${run()}`);
  }

  @Get('own-headers')
  @HttpCache({ audience: 'everyone' })
  ownHeaders(@Res({ passthrough: true }) response: Response) {
    response.setHeader('etag', '"mine"');
    response.setHeader('cache-control', 'public, max-age=5');
    return { run: run() };
  }

  @UseGuards(authorized)
  @Get('team')
  @HttpCache({ audience: 'authorized' })
  team() {
    return { run: run() };
  }

  @UseGuards(authorized)
  @Get('me')
  @HttpCache({
    audience: ({ headers }) =>
      headers.authorization === 'nobody' ? undefined : String(headers.authorization),
  })
  me(@Headers('authorization') who: string) {
    return { run: run(), who };
  }

  @Get('when')
  @HttpCache({
    audience: 'everyone',
    when: ({ query }) => (query as { preview?: string }).preview === undefined,
  })
  when() {
    return { run: run() };
  }

  @Get('personal/:how')
  @HttpCache({ audience: 'everyone' })
  async personal(
    @Param('how') how: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const number = run();
    if (how === 'slow') await once(Pages.gate, 'open');
    if (how === 'slow' || how === 'cookie') response.setHeader('set-cookie', `run=${number}`);
    if (how === 'no-store' || how === 'private') response.setHeader('cache-control', how);
    if (how === 'vary') response.setHeader('vary', 'x-mood');
    if (how === 'vary-all') response.setHeader('vary', '*');
    if (how === 'failed') response.status(500);
    if (how === 'part') response.status(206);
    if (how === 'thrown') throw new NotFoundException(`run ${number}`);
    if (how === 'stream') return new StreamableFile(Buffer.from(JSON.stringify({ run: number })));
    return { run: number };
  }

  @Get('enveloped')
  @UseInterceptors(Enveloped)
  @HttpCache({ audience: 'everyone' })
  enveloped() {
    return { run: run() };
  }
}

function run(): number {
  Pages.runs += 1;
  return Pages.runs;
}

const get = (path: string, headers: Record<string, string> = {}) =>
  request(nest.app.getHttpServer() as never)
    .get(path)
    .set(headers);

const nest = onEmbeddedServer(async (servers) => {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers })],
    controllers: [Pages],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  // As the usual middleware does.
  app.use((_request: unknown, response: Response, next: () => void) => {
    response.setHeader('vary', 'Origin');
    next();
  });
  // The port is part of the host, which is part of the key.
  await app.listen(0, '127.0.0.1');
  return app;
});

beforeEach(() => {
  Pages.runs = 0;
});

describe('@HttpCache', () => {
  it('stores status, headers and body', async () => {
    const first = await get('/made').expect(203, 'made');
    expect(first.headers).toMatchObject({
      'x-run': '1',
      'x-always': 'there',
      'last-modified': LAST_MODIFIED,
    });
    expect(first.headers.age).toBeUndefined();
    const second = await get('/made').expect(203, 'made');
    expect(second.headers).toMatchObject({
      ...first.headers,
      date: expect.any(String),
      age: '0',
      'cache-status': 'nestjs-memcached; hit',
    });
    expect(Pages.runs).toBe(1);
  });

  it('stores a redirect that the method makes', async () => {
    await get('/moved').expect(301).expect('location', '/1');
    await get('/moved').expect(301).expect('location', '/1');
    expect(Pages.runs).toBe(1);
  });

  it('keeps apart what differs in path, query, host, or a header named in vary', async () => {
    const bodies = [
      await get('/open'),
      await get('/open'),
      await get('/open?page=2'),
      await get('/open', { 'accept-language': 'de' }),
      await get('/open', { host: 'other.example' }),
      await get('/open', { 'x-else': 'ignored' }),
    ].map(({ body }) => (body as { run: number }).run);
    expect(bodies).toEqual([1, 1, 2, 3, 4, 1]);
  });

  it('answers HEAD from what GET has stored, without a body', async () => {
    await get('/open');
    const { headers, text } = await request(nest.app.getHttpServer() as never)
      .head('/open')
      .expect(200);
    expect(headers.age).toBe('0');
    expect(text).toBeUndefined();
    expect(Pages.runs).toBe(1);
  });

  it('is invalidated by its tags', async () => {
    await get('/open');
    await nest.app.get(MemcachedService).invalidateTags('pages');
    expect((await get('/open')).body).toMatchObject({ run: 2 });
  });

  it('says what others may do with the answer', async () => {
    const open = await get('/open');
    expect(open.headers['cache-control']).toBe('public, no-cache');
    expect(open.headers.vary).toBe('origin, accept-language');
    expect(open.headers.etag).toMatch(/^W\/"[\w-]{43}"$/);
    const made = await get('/made');
    expect(made.headers['cache-control']).toBe('public, max-age=90');
    expect(made.headers.etag).toMatch(/^"[\w-]{43}"$/);
    expect((await get('/team', { authorization: 'ann' })).headers['cache-control']).toBe('private, no-cache');
  });

  it('leaves the headers that the method sets as they are', async () => {
    for (const _ of ['miss', 'hit']) {
      const { headers, body } = await get('/own-headers').expect(200);
      expect([headers.etag, headers['cache-control'], body]).toEqual([
        '"mine"',
        'public, max-age=5',
        { run: 1 },
      ]);
    }
  });

  it('stores what interceptors further in have made of the answer', async () => {
    for (const _ of ['miss', 'hit']) {
      const { body } = await get('/enveloped').expect(200);
      expect(body).toEqual({ data: { run: 1 } });
    }
  });

  it('does nothing where there is no module, or decorators are switched off', async () => {
    const testing = await Test.createTestingModule({ controllers: [Pages] }).compile();
    const plain = testing.createNestApplication({ logger: false });
    await plain.init();
    for (const number of [1, 2]) {
      const { body, headers } = await request(plain.getHttpServer() as never).get('/open');
      expect(body).toMatchObject({ run: number });
      expect(headers['cache-control']).toBeUndefined();
    }
    await plain.close();
  });

  it('stands around all others when it is a global interceptor, and works once', async () => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: nest.servers, keyPrefix: 'global:' })],
      controllers: [Pages],
      providers: [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor }],
    }).compile();
    const other = testing.createNestApplication({ logger: false });
    await other.listen(0, '127.0.0.1');
    for (const _ of ['miss', 'hit']) {
      const { body } = await request(other.getHttpServer() as never).get('/enveloped');
      expect(body).toEqual({ data: { run: 1 } });
    }
    await other.close();
  });
});

describe('conditional requests (RFC 9110, section 13)', () => {
  it.each<[string, (etag: string) => Record<string, string>, number]>([
    ['the same tag', (etag) => ({ 'if-none-match': etag }), 304],
    ['the same tag, strong', (etag) => ({ 'if-none-match': etag.replace('W/', '') }), 304],
    ['one of several tags', (etag) => ({ 'if-none-match': `"a,b", ${etag} ,W/"c"` }), 304],
    ['any tag', () => ({ 'if-none-match': '*' }), 304],
    ['another tag', () => ({ 'if-none-match': '"another"' }), 200],
    ['a part of the tag', (etag) => ({ 'if-none-match': etag.slice(0, -2) }), 200],
    [
      'another tag, whatever the date',
      () => ({ 'if-none-match': '"x"', 'if-modified-since': LAST_MODIFIED }),
      200,
    ],
    ['the date of the change', () => ({ 'if-modified-since': LAST_MODIFIED }), 304],
    ['a later date', () => ({ 'if-modified-since': 'Tue, 03 Nov 2026 10:00:00 GMT' }), 304],
    ['an earlier date', () => ({ 'if-modified-since': 'Sun, 01 Nov 2026 10:00:00 GMT' }), 200],
    ['no date at all', () => ({ 'if-modified-since': 'yesterday' }), 200],
  ])('with %s', async (_name, headersFor, status) => {
    const { headers } = await get('/made');
    const headersGiven = headersFor(headers.etag);
    const hit = await get('/made', headersGiven);
    expect(hit.status).toBe(status === 200 ? 203 : status);
    expect(hit.headers).toMatchObject({ etag: headers.etag, 'cache-control': 'public, max-age=90' });
    expect(hit.text).toBe(status === 304 ? '' : 'made');
    await nest.app.get(MemcachedService).flushAll();
    // The same when the method has to run for it.
    expect((await get('/made', headersGiven)).status).toBe(hit.status);
  });
});

describe('whom an answer is for', () => {
  it('lets requests with Authorization past what is for everyone, and does not store theirs', async () => {
    expect((await get('/open', { authorization: 'ann' })).body).toMatchObject({ run: 1 });
    expect((await get('/open')).body).toMatchObject({ run: 2 });
    expect((await get('/open', { authorization: 'ann' })).body).toMatchObject({ run: 3 });
  });

  it('shares among the authorized what is for them, behind the guard', async () => {
    expect((await get('/team', { authorization: 'ann' })).body).toEqual({ run: 1 });
    expect((await get('/team', { authorization: 'bob' })).body).toEqual({ run: 1 });
    await get('/team').expect(401);
  });

  it('keeps for each what is for each, and shares nothing of those it cannot name', async () => {
    const answers = [];
    for (const authorization of ['ann', 'bob', 'ann', 'nobody', 'nobody']) {
      answers.push((await get('/me', { authorization })).body);
    }
    expect(answers).toEqual([
      { run: 1, who: 'ann' },
      { run: 2, who: 'bob' },
      { run: 1, who: 'ann' },
      { run: 3, who: 'nobody' },
      { run: 4, who: 'nobody' },
    ]);
  });
});

describe('what is never stored', () => {
  it.each(['cookie', 'no-store', 'private', 'vary', 'vary-all', 'failed', 'part', 'thrown', 'stream'])(
    '%s',
    async (how) => {
      const [first, second] = [await get(`/personal/${how}`), await get(`/personal/${how}`)];
      expect(Pages.runs).toBe(2);
      expect(second.status).toBe(first.status);
      expect(second.headers.age).toBeUndefined();
    },
  );

  it('nor is it handed to those who waited for it: each gets an answer of his own', async () => {
    const both = [get('/personal/slow'), get('/personal/slow')].map((asked) =>
      asked.then((answer) => answer),
    );
    while (Pages.runs === 0) await new Promise(setImmediate);
    Pages.gate.emit('open');
    while (Pages.runs === 1) await new Promise(setImmediate);
    Pages.gate.emit('open');
    const answers = await Promise.all(both);
    const cookies = answers.map(({ headers }) => [headers['set-cookie']].flat().join());
    expect(cookies.toSorted()).toEqual(['run=1', 'run=2']);
    expect(answers.map(({ body }) => `run=${(body as { run: number }).run}`)).toEqual(cookies);
  });
});

describe('what requests ask of caches (RFC 9111, section 5.2.1)', () => {
  it('leaves nothing behind for no-store, and gives it nothing', async () => {
    await get('/open', { 'cache-control': 'max-age=0, no-store' });
    expect((await get('/open')).body).toMatchObject({ run: 2 });
    expect((await get('/open', { 'cache-control': 'no-store' })).body).toMatchObject({ run: 3 });
  });

  it('does not let a reload run the method', async () => {
    await get('/open');
    for (const control of ['no-cache', 'max-age=0']) {
      expect((await get('/open', { 'cache-control': control, pragma: 'no-cache' })).body).toMatchObject({
        run: 1,
      });
    }
  });

  it('answers only-if-cached by 504 when there is nothing', async () => {
    await get('/open', { 'cache-control': 'only-if-cached' }).expect(504);
    await get('/open');
    await get('/open', { 'cache-control': 'only-if-cached' }).expect(200);
    expect(Pages.runs).toBe(1);
  });

  it('goes past the cache where `when` says so', async () => {
    expect((await get('/when?preview=1')).body).toEqual({ run: 1 });
    expect((await get('/when?preview=1')).body).toEqual({ run: 2 });
  });
});

describe('at boot', () => {
  it('refuses what cannot be cached, and an audience left out', async () => {
    @Controller()
    class Wrong {
      @Get('a')
      @HttpCache({} as never)
      audience(): void {}

      @Post('b')
      @HttpCache({ audience: 'everyone' })
      post(): void {}

      @Get('c')
      @HttpCache({ audience: 'everyone' })
      response(@Res() _response: unknown): void {}

      @Sse('d')
      @HttpCache({ audience: 'everyone' })
      events(): Observable<MessageEvent> {
        throw new Error('never called');
      }

      @HttpCache({ audience: 'everyone', ttl: 60 })
      helper(@Req() _request: unknown): void {}
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot()],
      controllers: [Wrong],
    }).compile();
    const error = await testing.init().catch((reason: unknown) => reason);
    await testing.close();
    expect((error as Error).message.split('\n')).toEqual([
      "Wrong.audience @HttpCache.audience: say whom the answer is for: 'everyone', 'authorized', or a function of the request, such as its user's id",
      'Wrong.post @HttpCache: POST changes something, or may; only answers to GET and HEAD are cached',
      'Wrong.response @HttpCache: @Res() or @Next() leaves the response to the method, so nobody would send an answer from the cache; return the value, and set headers by @Header() or, with @HttpCache, by @Res({ passthrough: true })',
      'Wrong.events @HttpCache: @Sse() streams events, which cannot be stored; cache what the events are made of',
      'Wrong.helper @HttpCache: it stands on a method that is no route; @Cacheable caches what methods return',
      "Wrong.helper @HttpCache.ttl: 60 ms is below one second, the smallest ttl memcached can count; did you mean '60s'?",
    ]);
  });
});
