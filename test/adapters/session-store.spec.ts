import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { Controller, Get, Param, Req } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import session from 'express-session';
import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { createCacheManagerStore, createKeyvStore } from '../../lib/adapters/keyv.js';
import {
  MemcachedSessionStore,
  type SessionStoreOptions,
  type StoredSession,
} from '../../lib/adapters/session.js';
import { MemcachedThrottlerStorage } from '../../lib/adapters/throttler.js';
import { MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { compileLib } from '../cache/processes/compiled-lib.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { runTogether } from './support/child-program.js';
import { byText, inEveryPlace, until } from './support/places.js';

/** A store's callbacks as promises. */
function promised(store: MemcachedSessionStore) {
  const run = <Value>(work: (callback: (error: unknown, value?: Value) => void) => void): Promise<Value> =>
    new Promise((resolve, reject) => {
      work((error, value) => (error instanceof Error ? reject(error) : resolve(value as Value)));
    });
  return {
    get: (sid: string) => run<StoredSession | null>((done) => store.get(sid, done)),
    set: (sid: string, value: object) => run<void>((done) => store.set(sid, value, done)),
    touch: (sid: string, value: object) => run<void>((done) => store.touch(sid, value, done)),
    destroy: (sid: string) => run<void>((done) => store.destroy(sid, done)),
    ids: () => run<string[]>((done) => store.ids(done)),
    length: () => run<number>((done) => store.length(done)),
    all: () => run<StoredSession[]>((done) => store.all(done)),
    clear: () => run<void>((done) => store.clear(done)),
  };
}

inEveryPlace('the session store', (place) => {
  const open = (options: SessionStoreOptions = {}) => {
    const prefix = options.prefix ?? randomUUID();
    return { prefix, ...promised(new MemcachedSessionStore(place.service, { ...options, prefix })) };
  };
  const msLeft = async ({ prefix }: { prefix: string }, sid: string): Promise<number | undefined> => {
    const { ttl } = await place.service.client.leaseGet(`~${prefix}:${sid}`, { leaseSeconds: 0 });
    return ttl;
  };

  it('keeps a session from its beginning to its end', async () => {
    const store = open();
    expect(await store.get('123')).toBeNull();
    await store.set('123', { foo: 'bar', cookie: {} });
    expect(await store.get('123')).toMatchObject({ foo: 'bar', cookie: {} });
    await store.set('456', {
      foo: 'baz',
      cookie: { expires: new Date(Date.now() + 60_000), originalMaxAge: 60_000 },
    });
    expect(await store.length()).toBe(2);
    expect((await store.ids()).toSorted(byText)).toEqual(['123', '456']);
    expect((await store.all()).toSorted((a, b) => byText(a.id, b.id))).toMatchObject([
      { id: '123', foo: 'bar' },
      { id: '456', foo: 'baz' },
    ]);
    await store.destroy('123');
    expect(await store.get('123')).toBeNull();
    expect(await store.length()).toBe(1);

    const other = open();
    await other.set('1', { cookie: {} });
    await store.clear();
    expect(await store.length()).toBe(0);
    expect(await other.ids()).toEqual(['1']);
  });

  it('destroys what is written with a cookie that is over', async () => {
    const store = open();
    await store.set('1', { cookie: {} });
    await store.set('1', { cookie: { expires: new Date(Date.now() - 1) } });
    expect(await store.get('1')).toBeNull();
    await store.set('1', { cookie: {} });
    await store.touch('1', { cookie: { expires: new Date(Date.now() - 1) } });
    expect(await store.get('1')).toBeNull();
  });

  it('touches without creating, and without changing', async () => {
    const store = open();
    await store.touch('1', { cookie: {} });
    expect(await store.get('1')).toBeNull();
    await store.set('1', { n: 1, cookie: {} });
    await store.touch('1', { n: 2, cookie: { expires: new Date(Date.now() + 1000) } });
    expect(await store.get('1')).toMatchObject({ n: 1 });
    await until(async () => (await store.get('1')) === null);
  });

  it('carries a thousand sessions', async () => {
    const store = open();
    const ids = Array.from({ length: 1000 }, (_, each) => `s${each}`);
    await Promise.all(ids.map((id) => store.set(id, { id, cookie: {} })));
    expect(await store.length()).toBe(1000);
    expect(await store.all()).toHaveLength(1000);
    await store.clear();
    expect(await store.length()).toBe(0);
  });

  it('never brings back a session that was destroyed while a request was under way', async () => {
    const store = open();
    await store.set('1', { user: 7, cookie: {} });
    const [one, other] = [await store.get('1'), await store.get('1')];
    await store.destroy('1');
    one!.seen = true;
    await store.set('1', one!);
    await store.touch('1', other!);
    expect(await store.get('1')).toBeNull();
    // Nor when it was written before, by the same request.
    const created = { user: 8, cookie: {} };
    await store.set('2', created);
    await store.destroy('2');
    await store.set('2', Object.assign(created, { seen: true }));
    expect(await store.get('2')).toBeNull();
  });

  it('keeps what requests at the same time have changed, field by field', async () => {
    const store = open();
    await store.set('1', { cart: [1], theme: 'dark', old: true, cookie: {} });
    const [one, other] = [await store.get('1'), await store.get('1')];
    one!.cart = [1, 2];
    delete one!.old;
    other!.theme = 'light';
    other!.added = { at: 1 };
    await Promise.all([store.set('1', one!), store.set('1', other!)]);
    one!.more = 1;
    await store.set('1', one!);
    const { cookie, ['~memcached']: _held, ...fields } = (await store.get('1'))!;
    expect(fields).toEqual({ cart: [1, 2], theme: 'light', added: { at: 1 }, more: 1 });
    expect(cookie).toEqual({});
  });

  it('loses no field and brings back no session in a storm of requests and logouts', async () => {
    const stores = [
      open({ prefix: 'storm' }),
      promised(new MemcachedSessionStore(place.another(), { prefix: 'storm' })),
    ];
    const requests = 24;
    for (const end of ['kept', 'destroyed']) {
      const sid = randomUUID();
      await stores[0].set(sid, { cookie: {} });
      const work = Array.from({ length: requests }, async (_, each) => {
        const store = stores[each % 2];
        const mine = await store.get(sid);
        if (mine === null) return;
        mine[`field${each}`] = each;
        await store.set(sid, mine);
        await store.touch(sid, mine);
      });
      const logout = end === 'destroyed' ? stores[1].destroy(sid) : undefined;
      await Promise.all([...work, logout]);
      const left = await stores[0].get(sid);
      if (end === 'destroyed') expect(left).toBeNull();
      else expect(Object.keys(left!).filter((name) => name.startsWith('field'))).toHaveLength(requests);
    }
  });

  it('lets a session live as its cookie says, or the option, or a function', async () => {
    const byOption = open({ ttl: '10m' });
    await byOption.set('1', { cookie: {} });
    const byFunction = open({ ttl: ({ admin }, sid) => (admin === true && sid === '1' ? '1h' : '1m') });
    await byFunction.set('1', { admin: true, cookie: {} });
    await byFunction.set('2', { cookie: { expires: new Date(Date.now() + 300_000).toISOString() } });
    const left = [await msLeft(byOption, '1'), await msLeft(byFunction, '1'), await msLeft(byFunction, '2')];
    if (left[0] === undefined) return; // the classic dialect does not tell
    expect(left.map((ms = 0) => Math.round(ms / 60_000))).toEqual([10, 60, 5]);
    expect(() => open({ ttl: '10 minutes' as never })).toThrow('ttl');
  });

  it.each<[string, unknown]>([
    ['false', false],
    ['null', null],
    ['undefined', undefined],
    ['no text', ''],
    ['0', 0],
    ['no date', 'soon'],
    ['a date that is none', new Date(Number.NaN)],
  ])('lets a session live as the option says whose cookie ends with the browser: %s', async (_, expires) => {
    const store = open({ ttl: '10m' });
    const value = { a: 1, cookie: { expires } };
    await store.set('1', value);
    expect(await store.get('1')).toMatchObject({ a: 1 });
    await store.touch('1', value);
    const read = await store.get('1');
    expect(read).toMatchObject({ a: 1 });
    await store.set('1', Object.assign(read!, { a: 2, cookie: { expires } }));
    expect(await store.get('1')).toMatchObject({ a: 2 });
    const left = await msLeft(store, '1');
    if (left !== undefined) expect(Math.round(left / 60_000)).toBe(10);
  });

  it.each([
    ['shop', 'shop:admin'],
    ['shop', 'shop%'],
    ['a', 'a:b:c'],
    ['a:b', 'a%3Ab'],
  ])('has nothing to do with the sessions of another prefix: %s and %s', async (one, other) => {
    const run = randomUUID();
    const stores = [one, other].map((prefix) => open({ prefix: run + prefix }));
    for (const store of stores) await store.set('1', { of: store.prefix, cookie: {} });
    for (const store of stores) {
      expect(await store.ids()).toEqual(['1']);
      expect(await store.length()).toBe(1);
      expect(await store.all()).toMatchObject([{ id: '1', of: store.prefix }]);
    }
    await stores[0].clear();
    expect(await stores[1].get('1')).toMatchObject({ of: stores[1].prefix });
    expect(await stores[0].get('1')).toBeNull();
  });

  it.each(['cm', 'keyv', 'keyv5', 'throttle'])(
    'has nothing to do with what other adapters keep, whatever its prefix: %s',
    async (prefix) => {
      const cacheManager = createCacheManagerStore(place.service);
      const keyvs = [createKeyvStore(place.service), createKeyvStore(place.service, { keyv: 5 })];
      const throttler = new MemcachedThrottlerStorage(place.service);
      const key = randomUUID();
      const hit = () => throttler.increment(key, 60_000, 10, 0, 'default');
      await cacheManager.set(key, 1);
      for (const keyv of keyvs) await keyv.set(key, 1);
      await hit();
      const store = open({ prefix });
      await store.set('1', { cookie: {} });
      expect(await store.ids()).toEqual(['1']);
      await store.clear();
      expect(await cacheManager.get(key)).toBe(1);
      for (const keyv of keyvs) expect(await keyv.get(key)).toBe(1);
      expect((await hit()).totalHits).toBe(2);
    },
  );

  it.each(['my app', 'a\tb\u007f', 'сессии', 'x'.repeat(100)])(
    'looks around and clears under any prefix: %j',
    async (prefix) => {
      const store = open({ prefix });
      await store.clear();
      for (const sid of ['1', '2']) await store.set(sid, { cookie: {} });
      expect((await store.ids()).toSorted(byText)).toEqual(['1', '2']);
      await store.clear();
      expect([await store.get('1'), await store.get('2'), await store.length()]).toEqual([null, null, 0]);
    },
  );

  it('says so where it cannot clear: what has a very long id is not found by it', async () => {
    const store = open();
    await store.set('1', { cookie: {} });
    await store.set('x'.repeat(250), { cookie: {} });
    await expect(store.clear()).rejects.toThrow('1 of the sessions could not be destroyed');
    expect(await store.get('1')).toBeNull();
    expect(() => open({ prefix: 'x'.repeat(101) })).toThrow('prefix: expected at most 100 bytes, got 101');
  });

  it.each<[string, () => Date]>([
    ['in twenty years', () => new Date(Date.now() + 20 * 365 * 86_400_000)],
    ['at the end of all time', () => new Date(8.64e15)],
  ])('keeps a session whose cookie ends %s', async (_, expires) => {
    const store = open();
    const value = { a: 1, cookie: { expires: expires() } };
    await store.set('1', value);
    await store.touch('1', value);
    const read = await store.get('1');
    expect(read).toMatchObject({ a: 1 });
    await store.set('1', { ...read, a: 2, cookie: { expires: expires() } });
    expect(await store.get('1')).toMatchObject({ a: 2 });
  });

  it('refuses a ttl below a second, and destroys nothing by it', async () => {
    for (const ttl of [0, 500, '0.5s'] as const) {
      expect(() => open({ ttl })).toThrow('ttl: expected at least 1000 ms');
      const prefix = randomUUID();
      const store = open({ prefix, ttl: () => ttl });
      const sound = open({ prefix });
      await sound.set('1', { a: 1, cookie: {} });
      await expect(store.set('1', { a: 2, cookie: {} })).rejects.toThrow('below one second');
      await expect(store.touch('1', { cookie: {} })).rejects.toThrow('below one second');
      expect(await sound.get('1')).toMatchObject({ a: 1 });
    }
  });

  it('tells of what cannot be stored, also where it makes do without a server', async () => {
    const store = open({ onStoreError: 'new-session' });
    await expect(store.set('1', { n: 1n, cookie: {} })).rejects.toThrow('BigInt');
    await expect(store.set('1', { text: randomUUID().repeat(60_000), cookie: {} })).rejects.toMatchObject({
      code: 'MEMCACHED_VALUE_TOO_LARGE',
    });
    const wrong = open({ onStoreError: 'new-session', ttl: () => 'soon' as never });
    await expect(wrong.set('1', { cookie: {} })).rejects.toThrow('ttl');
  });

  const day = 86_400_000;
  /** A cookie as frameworks count it anew with each request. */
  const cookieOf = (maxAge: number | null, more: object = {}) => ({
    originalMaxAge: maxAge,
    expires: maxAge === null ? null : new Date(Date.now() + maxAge),
    ...more,
  });

  it.each<[string, object, object, object, number, object]>([
    ['the longer time of another', cookieOf(60_000), cookieOf(30 * day), cookieOf(59_998), 30 * day, {}],
    ['the first time of another', cookieOf(null), cookieOf(30 * day), cookieOf(null), 30 * day, {}],
    [
      'that of another to have no end',
      cookieOf(60_000),
      cookieOf(null),
      cookieOf(60_000),
      day,
      { expires: null },
    ],
    ['its own', cookieOf(60_000), cookieOf(30 * day), cookieOf(5 * day), 5 * day, {}],
    [
      'another setting of another',
      cookieOf(60_000, { path: '/' }),
      cookieOf(60_000, { path: '/a' }),
      cookieOf(9 * day, { path: '/' }),
      9 * day,
      { path: '/a' },
    ],
  ])('keeps, of a cookie that two requests write: %s', async (_, before, theirs, mine, ms, left) => {
    const store = open({ ttl: '1d' });
    await store.set('1', { cookie: before });
    const [one, other] = [await store.get('1'), await store.get('1')];
    await store.set('1', { ...one, cookie: theirs });
    await store.set('1', { ...other, cookie: mine });
    const { cookie } = (await store.get('1'))!;
    expect(cookie).toMatchObject(left);
    if (cookie!.expires)
      expect(Date.parse(String(cookie!.expires)) - Date.now()).toBeGreaterThan(ms - 10_000);
    const kept = await msLeft(store, '1');
    if (kept !== undefined) expect(Math.abs(kept - ms)).toBeLessThan(10_000);
  });

  it('seals what it stores, if it is told to', async () => {
    const store = open({ seal: { keys: [{ id: 'a', key: Buffer.alloc(32, 7) }] } });
    await store.set('1', { user: 'ada', cookie: {} });
    expect(await store.get('1')).toMatchObject({ user: 'ada' });
    const plain = promised(new MemcachedSessionStore(place.service, { prefix: store.prefix }));
    // What cannot be read is no session.
    expect(await plain.get('1')).toBeNull();
  });
});

describeReal('what the session store sends', () => {
  it('is one request to read, to write, and to touch', async () => {
    await using server = await startMemcached({ args: ['-vv'] });
    await using service = new MemcachedService({ servers: server.address });
    const store = promised(new MemcachedSessionStore(service));
    await store.set('1', { cookie: {} });
    const read = await store.get('1');
    await store.set('1', read!);
    await store.touch('1', read!);
    await service.client.get('end');
    await until(() => server.stderr.includes('end'));
    const commands = [...server.stderr.matchAll(/^<\d+ (m[agsd]) ~/gm)].map(([, command]) => command);
    expect(commands).toEqual(['ms', 'mg', 'ms', 'mg']);
  });
});

describeReal('the session store in two processes', () => {
  const STORM = 'test/adapters/processes/session-storm';
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib([`${STORM}.ts`]);
  });
  afterAll(() => lib.remove());

  it.each(['meta', 'classic'] as const)(
    'loses no field and brings back no session in a storm of requests and logouts: %s',
    async (protocol) => {
      await using one = await startMemcached();
      await using other = await startMemcached();
      const servers = [one.address, other.address];
      await using service = new MemcachedService({ servers, protocol });
      const store = promised(new MemcachedSessionStore(service, { prefix: 'storm' }));
      const ids = (): string[] => Array.from({ length: 20 }, () => randomUUID());
      const requests = 10;
      const left: string[] = [];
      const storm = async (): Promise<void> => {
        const [staying, ending] = [ids(), ids()];
        for (const sid of [...staying, ...ending]) await store.set(sid, { cookie: {} });
        const args = (name: string): string[] => [
          servers.join(','),
          protocol,
          name,
          String(requests),
          staying.join(','),
          ending.join(','),
        ];
        await runTogether(`${lib.dir}/../${STORM}.js`, args('0'), args('1'));

        for (const sid of staying) {
          const fields = Object.keys((await store.get(sid))!).filter((name) => /^\d-\d+$/.test(name));
          expect(fields).toHaveLength(2 * requests);
        }
        for (const sid of ending) expect(await store.get(sid)).toBeNull();
        left.push(...staying);
        expect(left).toEqual(expect.arrayContaining(await store.ids()));
      };
      const sum = async (name: 'cas_badval' | 'cas_misses'): Promise<number> => {
        const counts = [...(await service.client.stats()).values()];
        return counts.reduce((total, stats) => total + Number(stats[name]), 0);
      };
      // Until writes have met writes and logouts, it was no storm.
      do await storm();
      while ((await sum('cas_badval')) === 0 || (await sum('cas_misses')) === 0);
    },
    60_000,
  );
});

describe('a session of an id, before any request', () => {
  const load = (store: MemcachedSessionStore, sid: string) =>
    new Promise<WithSession['session'] | undefined>((resolve, reject) => {
      store.load(sid, (error: unknown, loaded?: WithSession['session']) =>
        error instanceof Error ? reject(error) : resolve(loaded),
      );
    });
  let server: MemcachedServer;
  let service: MemcachedService;
  let store: MemcachedSessionStore;

  beforeEach(async () => {
    server = await MemcachedServer.start();
    service = new MemcachedService({ servers: server.address });
    store = new MemcachedSessionStore(service);
    await promised(store).set('1', { a: 1, cookie: { originalMaxAge: null } });
  });
  afterEach(async () => {
    await service.close();
    await server.close();
  });

  const settings = { secret: 's', resave: false, saveUninitialized: false };

  it('is loaded, behind a proxy and with settings of the request', async () => {
    const cookie = ({ headers }: { headers: object }) => ({ secure: 'x-secure' in headers });
    session({ ...settings, store, proxy: true, cookie: cookie as never });
    const loaded = await load(store, '1');
    expect(loaded).toMatchObject({ a: 1 });
    expect(loaded!.regenerate).toBeInstanceOf(Function);
    expect(await load(store, '2')).toBeUndefined();
  });

  it('fails by its callback where no session can be made', async () => {
    await expect(load(store, '1')).rejects.toThrow('the store was not given to express-session');
    const genid = (): string => {
      throw new Error('no user');
    };
    session({ ...settings, store, genid });
    await expect(load(store, '1')).rejects.toThrow('no user');
  });
});

describe('the session store without a server', () => {
  it('fails the request, or gives it a new session, as it is told', async () => {
    const server = await MemcachedServer.start();
    await using service = new MemcachedService({ servers: server.address });
    await server.close();
    const strict = promised(new MemcachedSessionStore(service));
    await expect(strict.get('1')).rejects.toThrow();
    await expect(strict.set('1', { cookie: {} })).rejects.toThrow();
    const lenient = promised(new MemcachedSessionStore(service, { onStoreError: 'new-session' }));
    expect(await lenient.get('1')).toBeNull();
    await lenient.set('1', { cookie: {} });
    await lenient.touch('1', { cookie: {} });
    expect(await lenient.ids()).toEqual([]);
  });
});

/** A session in a request, of either framework. */
interface WithSession {
  session: {
    [field: string]: unknown;
    cookie: { expires?: unknown; maxAge?: unknown };
    regenerate(done: () => void): void;
    destroy(done: () => void): void;
  };
}

@Controller()
class VisitsController {
  @Get('visit/:field')
  visit(@Req() { session }: WithSession, @Param('field') field: string) {
    session[field] = Number(session[field] ?? 0) + 1;
    return { a: session.a, b: session.b };
  }

  @Get('browser/visit/:field')
  visitOfBrowser(@Req() { session }: WithSession, @Param('field') field: string) {
    session.cookie.expires = false;
    session[field] = 1;
    return { a: session.a };
  }

  @Get('remember')
  remember(@Req() { session }: WithSession) {
    session.cookie.maxAge = 30 * 86_400_000;
    session.remembered = true;
    return {};
  }

  @Get('look')
  look(@Req() { session }: WithSession) {
    return { a: session.a, b: session.b };
  }

  @Get('renew')
  async renew(@Req() req: WithSession) {
    await new Promise<void>((resolve) => req.session.regenerate(() => resolve()));
    req.session.a = 'new';
    return {};
  }

  @Get('slow/:field')
  async slow(@Req() { session }: WithSession, @Param('field') field: string) {
    waiting?.();
    await going;
    session[field] = 'slow';
    return {};
  }

  /** Changes nothing: what is written at its end is the framework's doing. */
  @Get('slow-look')
  async slowLook(@Req() { session }: WithSession) {
    waiting?.();
    await going;
    return { a: session.a };
  }

  @Get('logout')
  async logout(@Req() req: WithSession) {
    await new Promise<void>((resolve) => req.session.destroy(() => resolve()));
    return {};
  }
}

let waiting: (() => void) | undefined;
let going: Promise<void> | undefined;

/** An application with sessions of a minute, on Express or Fastify. */
async function openShop(
  platform: string,
  servers: string,
  rolling?: boolean,
  cookieSettings: object = { maxAge: 60_000 },
) {
  const module = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers })],
    controllers: [VisitsController],
  }).compile();
  const store = new MemcachedSessionStore(module.get(MemcachedService));
  const settings = { store, secret: 's'.repeat(32), saveUninitialized: false, rolling };
  const cookie = { secure: false, ...cookieSettings };
  const app: NestFastifyApplication =
    platform === 'Express'
      ? module.createNestApplication({ logger: false })
      : module.createNestApplication(new FastifyAdapter(), { logger: false });
  if (platform === 'Express') {
    app.use(session({ ...settings, resave: false, cookie }));
  } else {
    await app.register(fastifyCookie as never);
    await app.register(fastifySession, { ...settings, cookie });
  }
  await app.listen(0, '127.0.0.1');
  return { app, store, agent: request.agent(await app.getUrl()) };
}

describe.each(['Express', 'Fastify'])('sessions on %s', (platform) => {
  let server: MemcachedServer;
  let app: NestFastifyApplication;
  let store: MemcachedSessionStore;
  let agent: ReturnType<typeof request.agent>;

  beforeEach(async () => {
    server = await MemcachedServer.start();
    ({ app, store, agent } = await openShop(platform, server.address));
  });
  afterEach(async () => {
    await app.close();
    await server.close();
  });

  it('are kept, renewed and ended', async () => {
    await agent.get('/visit/a').expect({ a: 1 });
    await agent.get('/visit/a').expect({ a: 2 });
    await agent.get('/look').expect({ a: 2 });
    const [before] = await promised(store).ids();
    await agent.get('/renew').expect(200);
    await agent.get('/look').expect({ a: 'new' });
    const after = await promised(store).ids();
    expect(after).toHaveLength(1);
    expect(after).not.toContain(before);
    await agent.get('/logout').expect(200);
    expect(await promised(store).length()).toBe(0);
    await agent.get('/look').expect({});
  });

  it.each([
    ['a logout', '/logout', null],
    ['another change', '/visit/b', { a: 'slow', b: 1 }],
    ['a longer life', '/remember', { a: 'slow', remembered: true }],
  ])('hold against %s while a request is under way', async (_, path, left) => {
    await agent.get('/visit/a').expect({ a: 1 });
    const cookies = agent.jar
      .getCookies({ path: '/', domain: '127.0.0.1', secure: false, script: false })
      .toValueString();
    const [sid] = await promised(store).ids();
    let go: () => void = () => undefined;
    going = new Promise((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => (waiting = resolve));
    const slow = request(await app.getUrl())
      .get('/slow/a')
      .set('Cookie', cookies)
      .then((answer) => answer);
    await begun;
    await agent.get(path).expect(200);
    go();
    expect((await slow).status).toBe(200);
    const session = await promised(store).get(sid);
    if (left === null) expect(session).toBeNull();
    else expect(session).toMatchObject(left);
    if (path !== '/remember') return;
    const { ttl = 0 } = await app
      .get(MemcachedService)
      .client.leaseGet(`~session:${sid}`, { leaseSeconds: 0 });
    expect(Math.round(ttl / 86_400_000)).toBe(30);
  });
});

describe.each([
  ['Express', 'expires: false', { expires: false }, ''],
  ['Express', 'maxAge: false', { maxAge: false }, ''],
  ['Express', 'maxAge: null', { maxAge: null }, ''],
  ['Express', 'what the request says', { maxAge: 60_000 }, '/browser'],
  ['Fastify', 'no end', {}, ''],
])('sessions on %s whose cookie ends with the browser, by %s', (platform, _, settings, path) => {
  it('live on from request to request', async () => {
    await using server = await MemcachedServer.start();
    const { app, store, agent } = await openShop(platform, server.address, false, settings);
    const { headers } = await agent.get(`${path}/visit/a`).expect({ a: 1 });
    expect(headers['set-cookie']).not.toContain('Expires');
    await agent.get('/look').expect({ a: 1 });
    await agent.get('/visit/a').expect({ a: 2 });
    await agent.get('/look').expect({ a: 2 });
    const [sid] = await promised(store).ids();
    const { client } = app.get(MemcachedService);
    const { ttl = 0 } = await client.leaseGet(`~session:${sid}`, { leaseSeconds: 0 });
    expect(Math.round(ttl / 3_600_000)).toBe(24);
    await app.close();
  });
});

/** Whether a request that only looks gives the session a whole ttl again, and whether the browser is told. */
describe.each([
  // express-session touches with each request, and tells the browser of it if sessions are rolling.
  ['Express', true, { isProlonged: true, isTold: true }],
  ['Express', false, { isProlonged: true, isTold: false }],
  // @fastify/session writes with each request if they are rolling, and never touches.
  ['Fastify', true, { isProlonged: true, isTold: true }],
  ['Fastify', false, { isProlonged: false, isTold: false }],
])('sessions on %s, rolling: %s', (platform, rolling, { isProlonged, isTold }) => {
  it('live on as the framework means it, and end once they are not used', async () => {
    let ahead = 0;
    await using server = await MemcachedServer.start({ now: () => Date.now() + ahead });
    const { app, store, agent } = await openShop(platform, server.address, rolling);
    const { client } = app.get(MemcachedService);
    await agent.get('/visit/a').expect({ a: 1 });
    const [sid] = await promised(store).ids();
    const secondsLeft = async () => {
      const { ttl = 0 } = await client.leaseGet(`~session:${sid}`, { leaseSeconds: 0 });
      return ttl / 1000;
    };
    expect(await secondsLeft()).toBeGreaterThan(50);
    ahead += 40_000;
    expect(await secondsLeft()).toBeLessThan(21);
    const { headers } = await agent.get('/look').expect({ a: 1 });
    expect(headers['set-cookie'] !== undefined).toBe(isTold);
    if (isProlonged) expect(await secondsLeft()).toBeGreaterThan(50);
    else expect(await secondsLeft()).toBeLessThan(21);
    ahead += 70_000;
    await agent.get('/look').expect({});
    expect(await promised(store).length()).toBe(0);
    await app.close();
  });

  it('stay ended when a request that was under way ends after the logout', async () => {
    await using server = await MemcachedServer.start();
    const { app, store, agent } = await openShop(platform, server.address, rolling);
    await agent.get('/visit/a').expect({ a: 1 });
    const cookies = agent.jar
      .getCookies({ path: '/', domain: '127.0.0.1', secure: false, script: false })
      .toValueString();
    let go: () => void = () => undefined;
    going = new Promise((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => (waiting = resolve));
    const slow = request(await app.getUrl())
      .get('/slow-look')
      .set('Cookie', cookies)
      .then((answer) => answer);
    await begun;
    await agent.get('/logout').expect(200);
    go();
    expect((await slow).status).toBe(200);
    expect(await promised(store).length()).toBe(0);
    await app.close();
  });
});
