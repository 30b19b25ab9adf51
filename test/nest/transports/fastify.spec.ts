import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  ClassSerializerInterceptor,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  ParseIntPipe,
  Query,
  Req,
  Res,
  Scope,
  NotFoundException,
  StreamableFile,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
  VersioningType,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Exclude } from 'class-transformer';
import { Cacheable, HttpCache, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

/** What the tests need of Fastify's reply. */
interface Reply {
  code(status: number): Reply;
  header(name: string, value: unknown): Reply;
  setCookie(name: string, value: string): Reply;
}

/** What the tests need of Fastify itself. */
interface Fastify {
  decorateReply(name: string, method: (this: Reply, name: string, value: string) => Reply): void;
  addHook(name: 'onSend', hook: (request: object, reply: Reply) => Promise<void>): void;
}

class Token {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers.authorization === undefined) throw new UnauthorizedException();
    return true;
  }
}

class Account {
  name = 'ann';

  @Exclude()
  password = 'secret';
}

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

@Controller({ path: 'products', version: '1' })
class Products {
  @UseGuards(Token)
  @Get('guarded/:id')
  @HttpCode(203)
  @Header('x-always', 'there')
  @Cacheable({ key: 'guarded:{0}' })
  async guarded(@Param('id', ParseIntPipe) id: number): Promise<object> {
    return { id, run: run() };
  }

  @Cacheable()
  @Get('missing')
  async missing(): Promise<never> {
    throw new NotFoundException(`run ${run()}`);
  }

  @Get('account')
  @UseInterceptors(ClassSerializerInterceptor)
  @Cacheable()
  async account(): Promise<Account> {
    return new Account();
  }
}

@Controller({ path: 'scoped', version: '1', scope: Scope.REQUEST })
class Scoped {
  @Get(':id')
  @Cacheable({ key: 'scoped:{1}' })
  async find(@Req() _request: object, @Param('id') id: string): Promise<object> {
    return { id, run: run() };
  }
}

@Controller({ path: 'pages', version: '1' })
class Pages {
  @Get('open')
  @HttpCache({ audience: 'everyone', ttl: '1m', vary: ['Accept-Language'], tags: ['pages'] })
  open(@Headers('accept-language') language = 'en', @Query('page') page = '1') {
    return { run: run(), language, page };
  }

  @Get('made')
  @HttpCode(203)
  @Header('x-always', 'there')
  @HttpCache({ audience: 'everyone', maxAge: '90s', etag: 'strong' })
  made(@Res({ passthrough: true }) reply: Reply) {
    reply.header('x-run', run()).header('link', ['</a>', '</b>']);
    return 'made';
  }

  @Get('bytes')
  @HttpCache({ audience: 'everyone', etag: 'strong' })
  bytes(@Res({ passthrough: true }) reply: Reply) {
    reply.header('content-type', 'image/png');
    return Buffer.of(0, run(), 255);
  }

  @Get('moved')
  @HttpCache({ audience: 'everyone' })
  moved(@Res({ passthrough: true }) reply: Reply) {
    reply.code(301).header('location', `/${run()}`);
  }

  @Get('nothing')
  @HttpCode(204)
  @HttpCache({ audience: 'everyone' })
  nothing() {
    run();
  }

  @Get('personal/:how')
  @HttpCache({ audience: 'everyone' })
  personal(@Param('how') how: string, @Res({ passthrough: true }) reply: Reply): unknown {
    const number = run();
    if (how === 'cookie') reply.header('set-cookie', `run=${number}`);
    if (how === 'late-cookie') reply.setCookie('run', String(number));
    if (how === 'private') reply.header('cache-control', how);
    if (how === 'vary') reply.header('vary', 'x-mood');
    if (how === 'failed') reply.code(500);
    if (how === 'thrown') throw new NotFoundException(`run ${number}`);
    if (how === 'stream') return new StreamableFile(Buffer.from(JSON.stringify({ run: number })));
    return { run: number };
  }

  @Get('team')
  @UseGuards(Token)
  @HttpCache({ audience: ({ headers }) => headers.authorization as string })
  team() {
    return { run: run() };
  }
}

/** Keeps cookies apart from the headers until the answer is sent, as `@fastify/cookie` does. */
function keepCookies(fastify: Fastify): void {
  const kept = new WeakMap<object, string[]>();
  fastify.decorateReply('setCookie', function (this: Reply, name: string, value: string) {
    kept.set(this, [...(kept.get(this) ?? []), `${name}=${value}`]);
    return this;
  });
  fastify.addHook('onSend', async (_request, reply) => {
    const cookies = kept.get(reply);
    if (cookies !== undefined) reply.header('set-cookie', cookies);
  });
}

let origin: string;

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${origin}/api/v1/${path}`, { headers, method, redirect: 'manual' });

async function seen(response: Promise<Response>): Promise<[status: number, body: unknown]> {
  const answer = await response;
  return [answer.status, await answer.json()];
}

const nest = onEmbeddedServer(async (servers) => {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ isGlobal: true, servers })],
    controllers: [Products, Scoped, Pages],
  }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI });
  app.enableCors({ origin: ['https://shop.example'] });
  keepCookies(app.getHttpAdapter().getInstance());
  await app.listen(0, '127.0.0.1');
  origin = await app.getUrl();
  return app;
});

beforeEach(() => {
  runs = 0;
});

describe('a cached route on Fastify', () => {
  it('lets guards and pipes decide first, and keeps status and headers on a hit', async () => {
    const token = { authorization: 'token' };
    expect((await get('products/guarded/7')).status).toBe(401);
    expect((await get('products/guarded/seven', token)).status).toBe(400);
    expect(runs).toBe(0);
    for (const _ of ['miss', 'hit']) {
      const response = await get('products/guarded/7', token);
      expect([response.status, response.headers.get('x-always')]).toEqual([203, 'there']);
      expect(await response.json()).toEqual({ id: 7, run: 1 });
    }
    expect((await get('products/guarded/7')).status).toBe(401);
  });

  it('does not store what it throws', async () => {
    expect(await seen(get('products/missing'))).toMatchObject([404, { message: 'run 1' }]);
    expect(await seen(get('products/missing'))).toMatchObject([404, { message: 'run 2' }]);
  });

  it('is serialized behind the cache', async () => {
    expect(await seen(get('products/account'))).toEqual([200, { name: 'ann' }]);
  });

  it('works in a controller that is made for each request', async () => {
    expect(await seen(get('scoped/a'))).toEqual([200, { id: 'a', run: 1 }]);
    expect(await seen(get('scoped/a'))).toEqual([200, { id: 'a', run: 1 }]);
  });
});

describe('@HttpCache on Fastify', () => {
  it('stores status, headers and body', async () => {
    const first = await get('pages/made');
    const second = await get('pages/made');
    for (const response of [first, second]) {
      expect(response.status).toBe(203);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-run': '1',
        'x-always': 'there',
        link: '</a>, </b>',
        'cache-control': 'public, max-age=90',
        etag: expect.stringMatching(/^"[\w-]{43}"$/),
      });
      expect(await response.text()).toBe('made');
    }
    expect([first.headers.get('age'), second.headers.get('age')]).toEqual([null, '0']);
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  it('stores bytes with their type, redirects, and answers without a body', async () => {
    for (const _ of ['miss', 'hit']) {
      const bytes = await get('pages/bytes');
      expect(bytes.headers.get('content-type')).toBe('image/png');
      expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([0, 1, 255]);
      const moved = await get('pages/moved');
      expect([moved.status, moved.headers.get('location')]).toEqual([301, '/2']);
      const nothing = await get('pages/nothing');
      expect([nothing.status, await nothing.text()]).toEqual([204, '']);
    }
    expect(runs).toBe(3);
  });

  it('keeps apart what differs in query or a header named in vary, and says so', async () => {
    const responses = [
      await get('pages/open'),
      await get('pages/open'),
      await get('pages/open?page=2'),
      await get('pages/open', { 'accept-language': 'de' }),
    ];
    const bodies = await Promise.all(responses.map((response) => response.json()));
    expect(bodies.map((body) => (body as { run: number }).run)).toEqual([1, 1, 2, 3]);
    expect(bodies[3]).toMatchObject({ language: 'de' });
    expect(responses[1].headers.get('vary')).toBe('origin, accept-language');
    await nest.app.get(MemcachedService).invalidateTags('pages');
    expect(await seen(get('pages/open'))).toMatchObject([200, { run: 4 }]);
  });

  it('answers conditional requests by 304 and HEAD from what GET has stored, without a body', async () => {
    const etag = String((await get('pages/open')).headers.get('etag'));
    expect(etag).toMatch(/^W\/"[\w-]{43}"$/);
    const unchanged = await get('pages/open', { 'if-none-match': etag });
    expect([unchanged.status, unchanged.headers.get('etag'), await unchanged.text()]).toEqual([
      304,
      etag,
      '',
    ]);
    const head = await get('pages/open', {}, 'HEAD');
    expect([head.status, head.headers.get('age'), await head.text()]).toEqual([200, '0', '']);
    expect(runs).toBe(1);
    await nest.app.get(MemcachedService).flushAll();
    const made = String((await get('pages/made')).headers.get('etag'));
    await nest.app.get(MemcachedService).flushAll();
    // The same when the method has to run for it.
    expect((await get('pages/made', { 'if-none-match': made })).status).toBe(304);
  });

  it.each(['cookie', 'late-cookie', 'private', 'vary', 'failed', 'thrown', 'stream'])(
    'does not store an answer that is personal, wrong or gone once read: %s',
    async (how) => {
      const first = await get(`pages/personal/${how}`);
      const second = await get(`pages/personal/${how}`);
      expect(await first.text()).not.toBe(await second.text());
      expect(runs).toBe(2);
      const cookies = how.endsWith('cookie') ? ['run=1', 'run=2'] : [null, null];
      expect([first, second].map(({ headers }) => headers.get('set-cookie'))).toEqual(cookies);
    },
  );

  it('keeps audiences apart, behind the guard', async () => {
    expect((await get('pages/team')).status).toBe(401);
    const runsOf = async (who: string) => (await seen(get('pages/team', { authorization: who })))[1];
    expect([await runsOf('ann'), await runsOf('bob'), await runsOf('ann')]).toEqual([
      { run: 1 },
      { run: 2 },
      { run: 1 },
    ]);
  });
});
