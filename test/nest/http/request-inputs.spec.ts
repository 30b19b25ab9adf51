import { describe, expect, it } from '@jest/globals';
import {
  All,
  Body,
  Controller,
  Cookies,
  Get,
  type INestApplication,
  Ip,
  Session,
  SignedCookies,
  type Type,
} from '@nestjs/common';
import { once } from 'node:events';
import { request as send } from 'node:http';
import { HttpCache, type HttpCacheOptions } from '../../../lib/index.js';
import { httpApp, type HttpApp, type PlatformName, PLATFORMS } from '../support/http-apps.js';

let runs = 0;

function run<Taken>(taken: Taken): { taken: Taken | undefined; run: number } {
  runs += 1;
  return { taken, run: runs };
}

/** Routes whose answers depend on what their methods take of a request. */
function taking(options: Partial<HttpCacheOptions<Asked>>): Type {
  const everyone = { audience: 'everyone', ttl: '1m', ...options } as const;

  @Controller('taking')
  class Taking {
    @Get('cookie')
    @HttpCache(everyone)
    cookie(@Cookies('currency') currency?: string) {
      return run(currency);
    }

    @Get('signed')
    @HttpCache(everyone)
    signed(@SignedCookies('uid') uid?: string) {
      return run(uid);
    }

    @Get('cookies')
    @HttpCache(everyone)
    cookies(@Cookies() { currency }: Record<string, string>) {
      return run(currency);
    }

    @Get('session')
    @HttpCache(everyone)
    session(@Session() session: { user?: string }) {
      return run(session.user);
    }

    @Get('ip')
    @HttpCache(everyone)
    ip(@Ip() ip: string) {
      return run(ip);
    }

    @All('body')
    @HttpCache(everyone)
    body(@Body('q') q?: string) {
      return run(q);
    }
  }
  return Taking;
}

interface Asked {
  readonly headers: Record<string, string | undefined>;
  readonly session: { user?: string };
  signedCookies?: Record<string, string>;
  cookies?: Record<string, string>;
}

type Hooked = Omit<Asked, 'session'> & { session?: { user?: string } };

/** Stands for the middleware of an application that keeps sessions, reads cookies and checks signatures. */
function readCookies(request: Hooked): void {
  const uid = /uid=([^;]+)\.good/.exec(request.headers.cookie ?? '')?.[1];
  const parsed = request.headers['x-parsed'];
  if (parsed !== undefined) request.cookies = { currency: parsed };
  request.signedCookies = uid === undefined ? {} : { uid };
  request.session = uid === undefined ? {} : { user: uid };
}

function prepare(app: INestApplication, platform: PlatformName): void {
  const server = app.getHttpAdapter().getInstance() as {
    set(name: string, value: boolean): void;
    addHook(name: string, hook: (request: Hooked, reply: unknown, done: () => void) => void): void;
  };
  const read = (request: Hooked, _: unknown, next: () => void): void => {
    readCookies(request);
    next();
  };
  if (platform === 'express') {
    server.set('trust proxy', true);
    app.use(read);
  } else {
    server.addHook('onRequest', read);
  }
}

function start(platform: PlatformName, options: Partial<HttpCacheOptions<Asked>> = {}): Promise<HttpApp> {
  runs = 0;
  return httpApp(platform, {
    controllers: [taking(options)],
    fastify: { trustProxy: true },
    prepare: (app) => prepare(app, platform),
  });
}

const TAKEN: readonly [path: string, one: Record<string, string>, other: Record<string, string>][] = [
  ['cookie', { cookie: 'a=1; currency=EUR' }, { cookie: 'currency=USD' }],
  ['cookie', { 'x-parsed': 'EUR' }, { 'x-parsed': 'USD' }],
  ['signed', { cookie: 'uid=ann.good' }, { cookie: 'uid=bob.good' }],
  ['signed', { cookie: 'uid=ann.good' }, { cookie: 'uid=ann.bad' }],
  ['cookies', { cookie: 'currency=EUR' }, { cookie: 'currency=USD' }],
  ['session', { cookie: 'uid=ann.good' }, { cookie: 'uid=bob.good' }],
  ['ip', { 'x-forwarded-for': '192.0.2.1' }, { 'x-forwarded-for': '192.0.2.2' }],
];

describe.each(PLATFORMS)('what a method takes of a request on %s', (platform) => {
  it.each(TAKEN.flatMap((taken) => [false, true].map((early) => [...taken, early] as const)))(
    'is part of the key: %s %j %j, early: %s',
    async (path, one, other, early) => {
      await using nest = await start(platform, { early });
      const first = await nest.get(`/taking/${path}`, one);
      const second = await nest.get(`/taking/${path}`, other);
      const none = await nest.get(`/taking/${path}`);
      expect([first, second, none].map(({ body }) => (body as { run: number }).run)).toEqual([1, 2, 3]);
      const taken = [first, second, none].map(({ body }) => (body as { taken?: string }).taken);
      expect(new Set(taken).size).toBeGreaterThan(1);
      for (const [asked, answer] of [
        [one, first],
        [other, second],
        [{}, none],
      ] as const) {
        const hit = await nest.get(`/taking/${path}`, asked);
        expect([hit.text, hit.headers.age]).toEqual([answer.text, '0']);
        expect(hit.headers.vary).toBe(path === 'ip' ? '*' : 'cookie');
        expect(hit.headers.vary).toBe(answer.headers.vary);
      }
      expect(nest.warnings).toEqual([]);
    },
  );

  it('counts by its own value, where a cookie is named', async () => {
    await using nest = await start(platform);
    for (const cookie of ['currency=EUR', 'seen=1; currency=EUR', 'currency=EUR; seen=2'])
      expect((await nest.get('/taking/cookie', { cookie })).body).toEqual({ taken: 'EUR', run: 1 });
    for (const cookie of ['seen=1', 'Currency=EUR', 'currency']) await nest.get('/taking/cookie', { cookie });
    expect(runs).toBe(3);
  });

  it.each<[string, Partial<HttpCacheOptions<Asked>>]>([
    ['audience', { audience: ({ session }) => session.user ?? 'nobody' }],
    ['varyBy', { varyBy: [({ session }) => session.user ?? null] }],
  ])('is said of sessions by %s', async (_, options) => {
    await using nest = await start(platform, options);
    for (const cookie of ['uid=ann.good', 'seen=1; uid=ann.good']) {
      const { body, headers } = await nest.get('/taking/session', { cookie });
      expect(body).toEqual({ taken: 'ann', run: 1 });
      expect(headers.vary).toBeUndefined();
    }
  });

  it('is not answered before middleware where it stands in no header', async () => {
    await using nest = await start(platform, { early: 'before-middleware' });
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2']) {
      for (const _ of Array.from({ length: 4 })) {
        const { body } = await nest.get('/taking/ip', { 'x-forwarded-for': address });
        expect(body).toMatchObject({ taken: address });
      }
    }
    expect(nest.warnings).toEqual([
      expect.stringContaining(
        'not answered before middleware, since its method takes what stands in no header',
      ),
    ]);
  });
});

it('is the body of a GET, too, where Express reads one', async () => {
  await using nest = await start('express');
  const ask = async (q: string): Promise<unknown> => {
    const content = JSON.stringify({ q });
    const headers = { 'content-type': 'application/json', 'content-length': content.length };
    const sent = send(`${await nest.app.getUrl()}/taking/body`, { method: 'GET', headers, agent: false });
    sent.end(content);
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    return JSON.parse(text);
  };
  for (const q of ['a', 'b', 'a', 'b']) expect(await ask(q)).toMatchObject({ taken: q });
  expect(runs).toBe(2);
});
