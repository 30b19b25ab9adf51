import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CallHandler,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Module,
  VersioningType,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { map, tap } from 'rxjs';
import { Dashboard } from '../../../lib/dashboard/dashboard.js';
import {
  type DashboardOptions,
  type DashboardPlace,
  MemcachedDashboardModule,
} from '../../../lib/dashboard/index.js';
import {
  InvalidOptionsError,
  MemcachedModule,
  type MemcachedModuleOptions,
  MemcachedService,
} from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { PLATFORMS, type PlatformName, setHeader } from '../support/http-apps.js';

// Applications of both platforms are started, on a machine that may do much else.
jest.setTimeout(60_000);

/** What the dashboard tells in its first message. */
interface Hello {
  readonly evict: boolean;
  readonly instances: { readonly name: string }[];
}

interface Running {
  readonly app: INestApplication;
  readonly origin: string;
  readonly memcached: MemcachedService;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(
  platform: PlatformName,
  dashboard: DynamicModule,
  more: {
    imports?: DynamicModule[];
    memcached?: MemcachedModuleOptions;
    prepare?: (app: INestApplication) => void;
  } = {},
): Promise<Running> {
  const server = await MemcachedServer.start();
  closers.push(() => server.close());
  const testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({
        isGlobal: true,
        servers: server.address,
        keyPrefix: 'shop:',
        ...more.memcached,
      }),
      ...(more.imports ?? []),
      dashboard,
    ],
  }).compile();
  const app = testing.createNestApplication(
    platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(),
  );
  app.useLogger(false);
  more.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  closers.push(() => app.close());
  return { app, origin: await app.getUrl(), memcached: app.get(MemcachedService) };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
}

/** Asks; the body of the answer is left to be read. */
async function open(
  url: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<IncomingMessage> {
  const sent = request(url, { method, headers, agent: false });
  sent.on('error', () => undefined);
  sent.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

async function ask(
  url: string,
  asked?: Asked,
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const response = await open(url, asked);
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return { status: response.statusCode!, headers: response.headers, text };
}

/** What a page of the same origin sends. */
function posted(body: object | string, headers: Record<string, string> = {}): Asked {
  return {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
  };
}

/** Reads server-sent events until one has the name. */
async function event(response: AsyncIterable<Buffer | string>, name: string): Promise<any> {
  let text = '';
  for await (const part of response) {
    text += part.toString();
    const found = new RegExp(`event: ${name}\ndata: (.*)\n\n`).exec(text);
    if (found !== null) return JSON.parse(found[1]);
  }
  throw new Error(`the stream has ended without ${name}: ${text}`);
}

/** A stream of events that `event` can be asked for again and again. */
async function watch(
  url: string,
): Promise<{ response: IncomingMessage; stream: AsyncIterable<Buffer | string> }> {
  const response = await open(url);
  const seen = response[Symbol.asyncIterator]();
  return { response, stream: { [Symbol.asyncIterator]: () => ({ next: () => seen.next() }) } };
}

function dashboard(options: DashboardOptions & DashboardPlace = {}): DynamicModule {
  return MemcachedDashboardModule.forRoot({ unguarded: true, interval: '200ms', ...options });
}

describe.each(PLATFORMS)('the dashboard on %s', (platform) => {
  it('is a page that takes nothing from elsewhere, and is not kept', async () => {
    const { origin } = await start(platform, dashboard());
    const page = await ask(`${origin}/memcached`);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const links = [...page.text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => link);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) {
      const asset = await ask(new URL(link, `${origin}/memcached`).href);
      expect([link, asset.status]).toEqual([link, 200]);
    }
    expect(page.text).not.toMatch(/<script>|<style|style=|onclick|https?:/);
    const all = [
      page,
      await ask(`${origin}/memcached/assets/dashboard.js`),
      await ask(`${origin}/memcached/assets/nope`),
    ];
    expect(all.map(({ status }) => status)).toEqual([200, 200, 404]);
    for (const { headers } of all) {
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
    }
  });

  it('is found under prefixes and versions, its links too', async () => {
    const { origin } = await start(platform, dashboard({ path: '/ops/cache', version: '2' }), {
      prepare: (app) => app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    });
    const page = await ask(`${origin}/api/v2/ops/cache`);
    expect(page.text).toContain('src="cache/assets/dashboard.js"');
    const script = new URL('cache/assets/dashboard.js', `${origin}/api/v2/ops/cache`);
    expect((await ask(script.href)).headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect((await ask(`${origin}/memcached`)).status).toBe(404);
  });

  it('has a place without a version where the application has versions', async () => {
    const { origin } = await start(platform, dashboard(), {
      prepare: (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    });
    expect((await ask(`${origin}/memcached`)).status).toBe(200);
  });

  it('asks its guards, with what they depend on, before anything is told', async () => {
    @Injectable()
    class Passwords {
      readonly right = 'open sesame';
    }
    @Injectable()
    class Guard implements CanActivate {
      constructor(private readonly passwords: Passwords) {}
      canActivate(context: ExecutionContext): boolean {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        return headers['x-password'] === this.passwords.right;
      }
    }
    @Module({ providers: [Passwords], exports: [Passwords] })
    class PasswordsModule {}
    Reflect.defineMetadata('design:paramtypes', [Passwords], Guard);
    const { origin } = await start(
      platform,
      MemcachedDashboardModule.forRoot({ guards: [Guard], imports: [PasswordsModule], evict: true }),
    );
    const asked: [string, Asked][] = [
      ['', {}],
      ['/assets/dashboard.js', {}],
      ['/events', {}],
      ['/find', posted({ instance: 'default', key: 'a' })],
      ['/evict', posted({ instance: 'default', key: 'a' })],
    ];
    for (const [path, how] of asked) {
      expect([path, (await ask(`${origin}/memcached${path}`, how)).status]).toEqual([path, 403]);
      const headers = { ...how.headers, 'x-password': 'open sesame' };
      const response = await open(`${origin}/memcached${path}`, { ...how, headers });
      expect([path, response.statusCode! < 300]).toEqual([path, true]);
      response.destroy();
    }
  });

  it('tells where a key lives and what is known of it, and nothing of its value', async () => {
    const { origin, memcached } = await start(platform, dashboard());
    await memcached.set('product:7', { secret: 'nobody sees this' }, { ttl: '1h' });
    await memcached.get('product:7');
    const there = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'product:7' }));
    expect(there.text).not.toContain('nobody');
    expect(JSON.parse(there.text)).toEqual({
      key: 'product:7',
      instance: 'default',
      server: memcached.serverFor('product:7'),
      state: 'up',
      dialect: 'meta',
      there: true,
      size: expect.any(Number),
      flags: expect.any(Number),
      ttl: expect.any(Number),
      lastAccessSeconds: expect.any(Number),
      readBefore: true,
      stale: false,
    });
    const gone = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'gone' }));
    expect(JSON.parse(gone.text)).toMatchObject({ there: false });
    const nowhere = await ask(`${origin}/memcached/find`, posted({ instance: 'other', key: 'a' }));
    expect(nowhere.status).toBe(404);
  });

  it('tells a mark from a value, and takes a key for what the application calls it', async () => {
    for (const protocol of ['meta', 'classic'] as const) {
      const { origin, memcached } = await start(platform, dashboard(), { memcached: { protocol } });
      const find = async (key: string): Promise<any> =>
        JSON.parse((await ask(`${origin}/memcached/find`, posted({ instance: 'default', key }))).text);
      await memcached.getOrSet('report:1', () => undefined);
      expect(await find('report:1')).toMatchObject({ there: false, mark: true });
      await memcached.set('~draft:7', 'text', { tags: ['drafts'] });
      expect(await find('~draft:7')).toMatchObject({
        there: true,
        server: memcached.serverFor('~draft:7'),
      });
      // What the cache keeps for a tag is no value of a key.
      expect(await find('~draft:8')).toMatchObject({ there: false });
    }
  });

  it('does not call a value there of which a tag was invalidated', async () => {
    for (const protocol of ['meta', 'classic'] as const) {
      const { origin, memcached } = await start(platform, dashboard(), { memcached: { protocol } });
      const find = async (): Promise<any> =>
        JSON.parse((await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'a' }))).text);
      await memcached.set('a', 1, { tags: ['first', 'second'] });
      expect(await find()).toMatchObject({ there: true });
      await memcached.invalidateTags('second', { soft: '1m' });
      const isStale = protocol === 'meta';
      expect(await find()).toMatchObject(isStale ? { there: true, stale: true } : { invalidated: true });
      await memcached.invalidateTags('first');
      expect(await find()).toMatchObject({ there: false, invalidated: true });
      await memcached.set('a', 2, { tags: ['first'] });
      expect(await find()).toMatchObject({ there: true });
    }
  });

  it('says of a value whose tag cannot be asked for that it may be invalidated', async () => {
    const [first, second] = await Promise.all([MemcachedServer.start(), MemcachedServer.start()]);
    closers.push(() => Promise.all([first.close(), second.close()]));
    const { origin, memcached } = await start(platform, dashboard(), {
      memcached: { servers: [first.address, second.address], failuresToDown: 1, commandTimeout: '300ms' },
    });
    const on = ({ address }: MemcachedServer, names: string): string =>
      Array.from({ length: 100 }, (_, index) => `${names}:${index}`).find(
        (each) => memcached.client.serverFor(each) === address,
      )!;
    const [key, tag] = [on(first, 'user'), on(second, '~tag:t').slice('~tag:'.length)];
    await memcached.set(key, 1, { tags: [tag] });
    await second.close();
    const found = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key }));
    expect(JSON.parse(found.text)).toMatchObject({ there: true, tagsUnknown: true });
  });

  it('says why it cannot look or evict', async () => {
    const nothing = await start(platform, dashboard(), {
      memcached: {
        servers: undefined,
        discovery: {
          type: 'function',
          find: () => {
            throw new Error('no list');
          },
        },
        commandTimeout: '200ms',
      },
    });
    const body = posted({ instance: 'default', key: 'a' });
    const found = await ask(`${nothing.origin}/memcached/find`, body);
    expect([found.status, JSON.parse(found.text)]).toEqual([
      200,
      { key: 'a', instance: 'default', problem: expect.stringContaining('no server') },
    ]);
    const strict = await start(platform, dashboard({ evict: true }), {
      memcached: { unsafeKeys: 'refuse' },
    });
    const unsafe = posted({ instance: 'default', key: 'two words' });
    const refused = await ask(`${strict.origin}/memcached/evict`, unsafe);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('two words')]);
  });

  it.each(['error', 'miss', 'next'] as const)(
    'says of a server that is away what it knows itself, with failover %s',
    async (failover) => {
      const [first, second] = await Promise.all([MemcachedServer.start(), MemcachedServer.start()]);
      closers.push(() => Promise.all([first.close(), second.close()]));
      const { origin, memcached } = await start(platform, dashboard(), {
        memcached: {
          servers: [first.address, second.address],
          failover,
          failuresToDown: 1,
          commandTimeout: '300ms',
        },
      });
      const key = Array.from({ length: 100 }, (_, index) => `user:${index}`).find(
        (each) => memcached.serverFor(each) === first.address,
      )!;
      await memcached.set(key, 'old');
      await first.close();
      await memcached.set(key, 'new', { onStoreError: 'throw' }).catch(() => undefined);
      const body = posted({ instance: 'default', key });
      let found = JSON.parse((await ask(`${origin}/memcached/find`, body)).text);
      while (found.state !== 'down') found = JSON.parse((await ask(`${origin}/memcached/find`, body)).text);
      expect(found).toMatchObject({ server: first.address, problem: expect.any(String) });
      expect(found.there).toBeUndefined();
      if (failover === 'next') {
        expect(found.standIn).toMatchObject({ server: second.address, state: 'up' });
        await memcached.set(key, 'new');
        found = JSON.parse((await ask(`${origin}/memcached/find`, body)).text);
        expect(found.standIn).toMatchObject({ server: second.address, there: true });
      } else expect(found.standIn).toBeUndefined();
    },
  );

  it('changes nothing unless it may', async () => {
    const readOnly = await start(platform, dashboard());
    await readOnly.memcached.set('key', 1);
    const body = { instance: 'default', key: 'key' };
    expect((await ask(`${readOnly.origin}/memcached/evict`, posted(body))).status).toBe(403);
    expect(await readOnly.memcached.get('key')).toBe(1);
    const allowed = await start(platform, dashboard({ evict: true }));
    await allowed.memcached.set('key', 1);
    expect(await ask(`${allowed.origin}/memcached/evict`, posted(body))).toMatchObject({
      status: 200,
      text: '{"evicted":true}',
    });
    expect(await allowed.memcached.get('key')).toBeUndefined();
  });

  it('is asked by its own page alone', async () => {
    const { origin, memcached } = await start(platform, dashboard({ evict: true }));
    await memcached.set('key', 1);
    const { host } = new URL(origin);
    const refused: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin },
      { 'sec-fetch-site': 'same-site', origin },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example' },
      { origin: `http://${host}.evil.example` },
      { origin: 'null' },
      {},
    ];
    for (const path of ['find', 'evict']) {
      for (const headers of refused) {
        const { status } = await ask(`${origin}/memcached/${path}`, {
          method: 'POST',
          body: { instance: 'default', key: 'key' },
          headers: { 'content-type': 'application/json', ...headers },
        });
        expect([path, headers, status]).toEqual([path, headers, 403]);
      }
    }
    const form = posted('instance=default&key=key', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([400, 415]).toContain((await ask(`${origin}/memcached/evict`, form)).status);
    for (const body of [
      {},
      { instance: 'default' },
      { instance: 'default', key: '' },
      { instance: 1, key: 'a' },
    ]) {
      expect([body, (await ask(`${origin}/memcached/evict`, posted(body))).status]).toEqual([body, 400]);
    }
    expect(await memcached.get('key')).toBe(1);
    const older = { 'content-type': 'application/json', origin };
    const own = await ask(`${origin}/memcached/evict`, {
      method: 'POST',
      body: { instance: 'default', key: 'key' },
      headers: older,
    });
    expect(own.status).toBe(200);
  });

  it('tells those who watch what happens, a few of them, until it ends', async () => {
    const { app, origin, memcached } = await start(platform, dashboard({ maxClients: 2 }));
    const first = await open(`${origin}/memcached/events`);
    expect(first.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    const seen = first[Symbol.asyncIterator]();
    const stream = { [Symbol.asyncIterator]: () => ({ next: () => seen.next() }) };
    const hello = (await event(stream, 'hello')) as Hello;
    expect(hello).toMatchObject({ evict: false, instances: [{ name: 'default' }] });
    const second = await open(`${origin}/memcached/events`);
    expect((await ask(`${origin}/memcached/events`)).status).toBe(503);
    second.destroy();
    let finish!: (value: string) => void;
    const loading = memcached.getOrSet(
      'product:1',
      () => new Promise<string>((resolve) => (finish = resolve)),
    );
    let holding = await event(stream, 'look');
    while (holding.cache.leases === 0) holding = await event(stream, 'look');
    expect(holding.cache).toMatchObject({ underWay: 1, leases: 1 });
    finish('value');
    await loading;
    await memcached.getOrSet('product:1', () => 'value', { ttl: '1m' });
    let look = await event(stream, 'look');
    while (look.cache.leases > 0 || look.cache.counts.hit === 0) look = await event(stream, 'look');
    expect(look.groups).toEqual([
      {
        group: 'product:*',
        hits: 1,
        misses: 1,
        stale: 0,
        loads: 1,
        failures: 0,
        loadMs: expect.any(Number),
        slowestMs: expect.any(Number),
      },
    ]);
    expect(look).toMatchObject({
      instance: 'default',
      servers: [{ weightShare: 1, itemShare: 1, state: 'up', owed: 0, items: 1 }],
      cache: { counts: { hit: 1, load: 1 }, underWay: 0, leases: 0 },
    });
    // The place of the one who left is free again, once the application has noticed.
    let third = await open(`${origin}/memcached/events`);
    while (third.statusCode === 503) third = await open(`${origin}/memcached/events`);
    expect(third.statusCode).toBe(200);
    const end = async (): Promise<void> => {
      while ((await seen.next()).done !== true);
    };
    const ends = [end(), once(third.resume(), 'close')];
    await app.close();
    await Promise.all(ends);
  });

  it('counts groups and commands of an instance whose messages bear another name than its module', async () => {
    const { origin, memcached } = await start(platform, dashboard(), { memcached: { instance: 'shop-api' } });
    const { stream, response } = await watch(`${origin}/memcached/events`);
    await event(stream, 'look');
    await memcached.getOrSet('product:1', () => 'value', { ttl: '1m' });
    await memcached.getOrSet('constructor', () => 'value', { ttl: '1m' });
    let look = await event(stream, 'look');
    while (look.groups.length < 2 || look.latency === undefined) look = await event(stream, 'look');
    expect(look.instance).toBe('default');
    expect(look.groups.map(({ group }: { group: string }) => group).toSorted()).toEqual([
      'constructor',
      'product:*',
    ]);
    response.destroy();
  });

  it('tells the loads of a group that is called as a method of objects is', async () => {
    const { origin, memcached } = await start(platform, dashboard());
    const { stream, response } = await watch(`${origin}/memcached/events`);
    await event(stream, 'hello');
    let finish!: (value: string) => void;
    const loading = memcached.getOrSet('constructor', () => new Promise<string>((done) => (finish = done)));
    let look = await event(stream, 'look');
    while (look.cache.underWay === 0) look = await event(stream, 'look');
    expect(look.loading).toEqual({ constructor: 1 });
    finish('value');
    await loading;
    response.destroy();
  });

  it('looks outside of the request of whoever watches first', async () => {
    const requests = new AsyncLocalStorage<string>();
    const { origin, memcached } = await start(platform, dashboard({ history: 0 }), {
      prepare: (app) => app.use((_: unknown, __: unknown, next: () => void) => requests.run('first', next)),
    });
    const seen: (string | undefined)[] = [];
    const stats = memcached.stats.bind(memcached);
    jest.spyOn(memcached, 'stats').mockImplementation((...asked: Parameters<typeof stats>) => {
      seen.push(requests.getStore());
      return stats(...asked);
    });
    const { stream, response } = await watch(`${origin}/memcached/events`);
    for (let looks = 0; looks < 3; looks += 1) await event(stream, 'look');
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(new Set(seen)).toEqual(new Set([undefined]));
    response.destroy();
  });

  it('lets go of who does not read, and closes', async () => {
    const { app, origin, memcached } = await start(platform, dashboard({ maxClients: 1, history: 0 }));
    await memcached.get('a');
    const { hostname, port } = new URL(origin);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('GET /memcached/events HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    socket.pause();
    // Looks that are more than a socket takes.
    const [node] = memcached.topology();
    const nodes = Array.from({ length: 2000 }, (_, index) => ({ ...node, server: `${index}`.repeat(200) }));
    const many = jest.spyOn(memcached, 'topology').mockReturnValue(nodes);
    const page = app.get(Dashboard, { strict: false });
    while (!page.hasRoom) await new Promise((resolve) => void setTimeout(resolve, 50));
    many.mockRestore();
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
    expect(await app.close()).toBeUndefined();
  });

  it('is as it is behind interceptors that wrap what routes return, or set headers', async () => {
    const errors: unknown[] = [];
    const wrapping = {
      intercept: (context: ExecutionContext, next: CallHandler) =>
        next.handle().pipe(
          map((data: unknown) => ({ data })),
          tap(() => setHeader(context.switchToHttp().getResponse<object>(), 'x-late', 'yes')),
        ),
    };
    const { origin } = await start(platform, dashboard(), {
      prepare: (app) => {
        app.useGlobalInterceptors(wrapping);
        app.useLogger({
          log: () => undefined,
          warn: () => undefined,
          error: (problem) => errors.push(problem),
        });
      },
    });
    const page = await ask(`${origin}/memcached`);
    expect(page.text).toMatch(/^<!doctype html>/);
    expect(page.headers).toMatchObject({ 'x-late': 'yes', 'content-type': 'text/html; charset=utf-8' });
    const found = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'a' }));
    expect(JSON.parse(found.text)).toMatchObject({ key: 'a', there: false });
    const stream = await open(`${origin}/memcached/events`);
    expect(await event(stream, 'hello')).toMatchObject({ evict: false });
    expect(errors).toEqual([]);
  });

  it('opens no stream for who wants no body', async () => {
    const { origin } = await start(platform, dashboard({ maxClients: 1 }));
    for (let asked = 0; asked < 3; asked += 1) {
      expect([404, 405]).toContain((await ask(`${origin}/memcached/events`, { method: 'HEAD' })).status);
    }
    const stream = await open(`${origin}/memcached/events`);
    expect(stream.statusCode).toBe(200);
    stream.destroy();
  });

  it('finds keys in the classic dialect, and tells what it tells', async () => {
    const { origin, memcached } = await start(platform, dashboard(), { memcached: { protocol: 'classic' } });
    await memcached.client.set('key', 'value');
    const found = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'key' }));
    expect(JSON.parse(found.text)).toMatchObject({
      there: true,
      size: 5,
      flags: expect.any(Number),
      dialect: 'classic',
    });
    const gone = await ask(`${origin}/memcached/find`, posted({ instance: 'default', key: 'gone' }));
    expect(JSON.parse(gone.text)).toMatchObject({ there: false });
  });

  it('says in the stream that a server has gone, and why', async () => {
    const { origin, memcached } = await start(platform, dashboard());
    memcached.setServers('127.0.0.1:1');
    const response = await open(`${origin}/memcached/events`);
    const seen = response[Symbol.asyncIterator]();
    const stream = { [Symbol.asyncIterator]: () => ({ next: () => seen.next() }) };
    let look = await event(stream, 'look');
    while (look.servers[0].problem === undefined) look = await event(stream, 'look');
    expect(look.servers).toMatchObject([
      { server: '127.0.0.1:1', problem: expect.stringContaining('ECONNREFUSED') },
    ]);
    response.destroy();
  });
});

describe('what the dashboard is given', () => {
  const { NODE_ENV } = process.env;
  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV;
  });

  it.each([undefined, 'production', 'staging'])('has to be a guard where NODE_ENV is %s', (environment) => {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
    const refusal = expect.objectContaining({
      code: 'MEMCACHED_INVALID_OPTIONS',
      path: 'guards',
      message: expect.stringMatching(
        /open to everybody.*guards: \[YourGuard\].*unguarded: true.*NODE_ENV=development/,
      ),
    });
    const attempts = [
      () => MemcachedDashboardModule.forRoot(),
      () => MemcachedDashboardModule.forRoot({ guards: [] }),
      () => MemcachedDashboardModule.forRootAsync({ useFactory: () => ({}) }),
    ];
    for (const attempt of attempts) {
      let thrown: unknown;
      try {
        attempt();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toEqual(refusal);
    }
    expect(() => MemcachedDashboardModule.forRoot({ unguarded: true })).not.toThrow();
    expect(() => MemcachedDashboardModule.forRoot({ guards: [{ canActivate: () => true }] })).not.toThrow();
  });

  it.each(['development', 'test'])('may be nothing where NODE_ENV is %s', (environment) => {
    process.env.NODE_ENV = environment;
    expect(() => MemcachedDashboardModule.forRoot()).not.toThrow();
  });

  it.each([
    [{ evcit: true }, "evcit: unknown option; did you mean 'evict'?"],
    [{ interval: '10ms' }, 'interval: '],
    [{ maxClients: 0 }, 'maxClients: expected a whole number of at least 1'],
    [{ instances: [] }, "instances: expected names of module instances, such as ['default', 'sessions']"],
    [{ path: 7 }, 'path: expected a text, got number'],
    [{ unguarded: 'false' }, 'unguarded: '],
    [{ unguarded: 1 }, 'unguarded: '],
    [{ guards: class {} }, 'guards: expected a list'],
  ])('is refused with its path: %j', (options, message) => {
    expect(() => MemcachedDashboardModule.forRoot({ unguarded: true, ...(options as object) })).toThrow(
      message,
    );
  });

  it.each(['/ops', null, []])('is an object, and not %j', (given) => {
    const wanted = 'expected an object such as { ';
    expect(() => MemcachedDashboardModule.forRoot(given as never)).toThrow(`forRoot: ${wanted}path: `);
    expect(() => MemcachedDashboardModule.forRootAsync(given as never)).toThrow(`${wanted}useFactory: `);
  });

  it('may come from a factory', async () => {
    const { origin } = await start(
      'express',
      MemcachedDashboardModule.forRootAsync({
        path: 'ops',
        unguarded: true,
        inject: [MemcachedService],
        useFactory: async (memcached: MemcachedService) => ({ evict: memcached instanceof MemcachedService }),
      }),
    );
    const stream = await open(`${origin}/ops/events`);
    expect(await event(stream, 'hello')).toMatchObject({ evict: true });
    stream.destroy();
  });

  it('names instances, all of the application without it', async () => {
    const server = await MemcachedServer.start();
    closers.push(() => server.close());
    const named = (): DynamicModule => MemcachedModule.forRoot({ name: 'sessions', servers: server.address });
    const names = async (instances?: string[]): Promise<string[]> => {
      const { origin } = await start('express', dashboard(instances === undefined ? {} : { instances }), {
        imports: [named()],
      });
      const stream = await open(`${origin}/memcached/events`);
      const { instances: told } = (await event(stream, 'hello')) as Hello;
      stream.destroy();
      return told.map(({ name }) => name);
    };
    expect((await names()).toSorted()).toEqual(['default', 'sessions']);
    expect(await names(['sessions'])).toEqual(['sessions']);
    await expect(names(['carts'])).rejects.toThrow(
      new InvalidOptionsError(
        'instances',
        "the dashboard finds no MemcachedModule 'carts' in this application; there are default, sessions",
      ),
    );
  });
});
