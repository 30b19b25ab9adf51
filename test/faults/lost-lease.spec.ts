import { expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { blackhole, FaultProxy, pass, reset } from '../support/fault-proxy.js';
import { LateRelay } from '../support/late-relay.js';
import { describeReal, type RealMemcached, startMemcached } from '../support/real-memcached.js';

/** A cache of its own on a server, as another process has it. */
class Process implements AsyncDisposable {
  readonly client: MemcachedClient;
  readonly store: ClientStore;
  readonly cache: CacheEngine;

  constructor(
    servers: string,
    protocol: 'auto' | 'classic',
    commandTimeout: '200ms' | '10s' = '10s',
    lease: '1s' | '10m' = '1s',
    failover: 'error' | 'miss' = 'error',
  ) {
    this.client = new MemcachedClient({ servers, protocol, commandTimeout, connectTimeout: '10s', failover });
    this.store = new ClientStore(this.client);
    this.cache = new CacheEngine(this.store, { ttl: '10m', lease });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache.close();
    await this.client.close();
  }
}

/** Seconds of the server's clock. */
async function serverTime(client: MemcachedClient): Promise<number> {
  const [stats] = (await client.stats()).values();
  return stats.time;
}

/** Resolves once the server's clock has gone on by so many seconds. */
async function secondsAtServer(client: MemcachedClient, seconds: number): Promise<void> {
  const from = await serverTime(client);
  while ((await serverTime(client)) < from + seconds);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function never(): never {
  throw new Error('the loader must not be called');
}

/** What may be given a lease. */
const ASKING: Readonly<Record<string, (cache: CacheEngine) => Promise<unknown>>> = {
  'a load': (cache) => cache.getOrSet('k', () => 'blind'),
  'an update': (cache) => cache.update('k', () => 'never').catch(() => undefined),
  'a value that is made': async (cache) => (await cache.beginSet('k')).store('made'),
  'a set': (cache) => cache.set('k', 'set'),
};

describeReal('a lease on a real memcached', () => {
  for (const protocol of ['auto', 'classic'] as const) {
    it(`outlasts its time while its process lives (${protocol})`, async () => {
      await using server = await startMemcached();
      await using a = new Process(server.address, protocol);
      await using b = new Process(server.address, protocol);
      await using watch = new Process(server.address, 'auto');
      const first = a.cache.getOrSet('k', async () => {
        await secondsAtServer(watch.client, 4);
        return 'value';
      });
      while (a.cache.counters.load === 0) await watch.client.version();
      const second = b.cache.getOrSet('k', never);
      await expect(Promise.all([first, second])).resolves.toEqual(['value', 'value']);
      const stored = await watch.client.lookup('k');
      expect(stored.hit && stored.ttl).toBeGreaterThan(590_000);
      expect(a.cache.counters.leaseLost).toBe(0);
    }, 30_000);

    it(`that was won by a read whose answer came too late holds nobody up (${protocol})`, async () => {
      await using server = await startMemcached();
      await using a = new Process(server.address, protocol, '200ms');
      await using b = new Process(server.address, protocol);
      await Promise.all([a.cache.getOrSet('warm', () => 1), b.cache.getOrSet('warm', () => 1)]);
      await server.pause();
      await expect(a.cache.getOrSet('k', () => 'blind')).resolves.toBe('blind');
      server.kill('SIGCONT');
      await expect(b.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
      expect(b.cache.counters.takeOver).toBe(0);
    });

    it(`that was won by a read whose connection was reset holds nobody up (${protocol})`, async () => {
      await using server = await startMemcached();
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      await using a = new Process(proxy.address, protocol);
      await using b = new Process(server.address, protocol);
      await Promise.all([a.cache.getOrSet('warm', () => 1), b.cache.getOrSet('warm', () => 1)]);
      proxy.inject(reset);
      await expect(a.cache.getOrSet('k', () => 'blind')).resolves.toBe('blind');
      proxy.heal();
      await expect(b.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
      expect(await b.client.get('k')).toBe('loaded');
    });
  }

  it.each(['auto', 'classic'] as const)(
    'is used on the next connection when its own is lost during the load (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      await using a = new Process(proxy.address, protocol, '10s', '10m');
      await using b = new Process(server.address, protocol);
      const load = async (): Promise<string> => {
        proxy.cutAll();
        await a.client.get('other').catch(() => undefined);
        return 'loaded';
      };
      await expect(a.cache.getOrSet('k', load)).resolves.toBe('loaded');
      await expect(b.cache.getOrSet('k', never)).resolves.toBe('loaded');
      expect(a.cache.counters.leaseLost).toBe(0);
      const failing = a.cache.getOrSet('f', async () => {
        await load();
        throw new Error('no value');
      });
      await expect(failing).rejects.toThrow('no value');
      await expect(b.cache.getOrSet('f', () => 'loaded')).resolves.toBe('loaded');
      expect(b.cache.counters.takeOver).toBe(0);
    },
  );

  it.each(
    (['auto', 'classic'] as const).flatMap((protocol) =>
      Object.entries(ASKING).map(([what, call]) => [what, protocol, call] as const),
    ),
  )('that was given to %s whose answer was lost holds nobody up (%s)', async (_what, protocol, call) => {
    await using server = await startMemcached();
    await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    await using a = new Process(proxy.address, protocol, '10s', '10m');
    await using b = new Process(server.address, protocol);
    await Promise.all([a.cache.getOrSet('warm', () => 1), b.cache.getOrSet('other', () => 1)]);
    let given = false;
    proxy.inject((bytes, link) => {
      const gives = !given && /^STORED| W/.test(bytes.toString('latin1'));
      given ||= gives;
      (gives ? reset : pass)(bytes, link);
    });
    await call(a.cache);
    expect(given).toBe(true);
    await expect(b.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
  });

  it.each(['auto', 'classic'] as const)(
    'that could not be given back is given back once its server can be reached (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      await using a = new Process(proxy.address, protocol, '200ms', '10m');
      await using b = new Process(server.address, protocol);
      const failing = a.cache.getOrSet('k', () => {
        proxy.refuse();
        proxy.cutAll();
        throw new Error('no value');
      });
      await expect(failing).rejects.toThrow('no value');
      const isUp = (): boolean => a.client.topology().every(({ state }) => state === 'up');
      await until(() => !isUp());
      proxy.heal();
      await until(isUp);
      await expect(b.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
      expect(b.cache.counters.takeOver).toBe(0);
    },
  );

  it.each(['auto', 'classic'] as const)(
    'that is given back by bytes which are held up is waited for by nobody who knows (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using relay = await LateRelay.before(server.port);
      await using a = new Process(relay.address, protocol, '10s', '10m');
      await using b = new Process(server.address, protocol);
      await a.client.connect();
      const held = relay.hold((bytes) => /^(?:md|ms|cas|set|delete) k /m.test(bytes));
      const failing = a.cache.getOrSet('k', () => {
        throw new Error('no value');
      });
      await expect(failing).rejects.toThrow('no value');
      await held;
      // What comes by the next connection gets through.
      void relay.hold(() => false);
      relay.reset();
      await expect(a.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
      await expect(b.cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
      expect(b.cache.counters.takeOver).toBe(0);
    },
  );

  it.each([
    ['taken', 'auto', 'error', /^HD\b/],
    ['taken', 'classic', 'error', /^STORED/],
    ['looked at', 'auto', 'error', /^VA /],
    ['looked at', 'classic', 'error', /^VALUE /],
    ['taken', 'auto', 'miss', /^HD\b/],
    ['looked at', 'classic', 'miss', /^VALUE /],
  ] as const)(
    'does not hold as a lock whose answer was lost when it was %s (%s, failover %s)',
    async (_when, protocol, failover, reply) => {
      await using server = await startMemcached();
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      await using a = new Process(proxy.address, protocol, '200ms', '1s', failover);
      await using b = new Process(server.address, protocol);
      await a.cache.set('warm', 1);
      let lost = false;
      proxy.inject((bytes, link) => {
        const hit = !lost && reply.test(bytes.toString('latin1'));
        lost ||= hit;
        (hit ? blackhole : pass)(bytes, link);
      });
      const lock = (cache: CacheEngine): Promise<{ locked: boolean }> =>
        cache.withLock('job', { ttl: '10m' }, () => 'done');
      await expect(lock(a.cache)).rejects.toThrow('no reply');
      expect(lost).toBe(true);
      while (!(await lock(b.cache)).locked);
    },
  );

  it.each(['auto', 'classic'] as const)(
    'asked for by bytes that arrive after its key was looked at is given back (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using relay = await LateRelay.before(server.port);
      await using a = new Process(relay.address, protocol, '10s', '10m');
      await using b = new Process(server.address, protocol);
      await a.client.connect();
      // Again, should this machine have been so slow that the bytes came behind the second look.
      for (let key = 'k'; ; key += 'k') {
        const held = relay.hold((bytes) => new RegExp(`^(?:mg ${key} .* N\\d|add ${key} )`, 'm').test(bytes));
        const blind = a.cache.getOrSet(key, () => 'blind');
        await held;
        relay.reset();
        const lostAt = performance.now();
        await expect(blind).resolves.toBe('blind');
        // Answered by the next connection, behind the look that came with it.
        await a.client.get(key);
        await relay.deliver();
        if (performance.now() - lostAt > 400) continue;
        await expect(b.cache.getOrSet(key, () => 'computed')).resolves.toBe('computed');
        await expect(b.client.get(key)).resolves.toBe('computed');
        expect(b.cache.counters.leaseWon).toBe(1);
        return;
      }
    },
  );

  it('to refresh a stale value, won by a read whose connection was reset, is given back', async () => {
    await using server = await startMemcached();
    await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    await using a = new Process(proxy.address, 'auto');
    await using b = new Process(server.address, 'auto');
    await Promise.all([a.cache.getOrSet('warm', () => 1), b.cache.set('k', 'old')]);
    await b.cache.invalidate('k', { soft: '1m' });
    proxy.inject(reset);
    await expect(a.cache.getOrSet('k', () => 'blind')).resolves.toBe('blind');
    proxy.heal();
    await expect(b.cache.getOrSet('k', () => 'loaded', { serveStale: false })).resolves.toBe('loaded');
    expect(b.cache.counters.takeOver).toBe(0);
  });

  it('to refresh a stale value, won by a read that computes nothing and got no answer, is given back', async () => {
    await using server = await startMemcached();
    await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    await using a = new Process(proxy.address, 'auto');
    await using b = new Process(server.address, 'auto');
    await Promise.all([a.cache.getOrSet('warm', () => 1), b.cache.set('k', 'old')]);
    await b.cache.invalidate('k', { soft: '1m' });
    proxy.inject(reset);
    await expect(a.cache.get('k')).resolves.toBeUndefined();
    proxy.heal();
    await expect(b.cache.getOrSet('k', () => 'loaded', { serveStale: false })).resolves.toBe('loaded');
    expect(b.cache.counters.takeOver).toBe(0);
  });

  it.each(['auto', 'classic'] as const)(
    'is not taken from another process by a read that asked for none and got no answer (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      await using a = new Process(proxy.address, protocol);
      await using b = new Process(server.address, protocol, '10s', '10m');
      await a.cache.getOrSet('warm', () => 1);
      const loading = b.cache.getOrSet('k', async () => {
        proxy.inject(reset);
        await expect(a.cache.get('k')).resolves.toBeUndefined();
        proxy.heal();
        await until(() => a.client.topology().every(({ state }) => state === 'up'));
        // It is looked at now, and again later, and what comes of that is asked in front of this.
        for (const settled of [undefined, a.store.settled()]) {
          await settled;
          await a.client.get('warm');
          await a.client.get('warm');
        }
        return 'loaded';
      });
      await expect(loading).resolves.toBe('loaded');
      expect(await b.client.get('k')).toBe('loaded');
      expect(b.cache.counters.leaseLost).toBe(0);
    },
  );

  it('to refresh a stale value is not kept by a command that cannot count it', async () => {
    await using server = await startMemcached();
    await using a = new MemcachedService({ servers: server.address });
    await using b = new Process(server.address, 'auto');
    await b.cache.set('k', 'no number');
    await b.cache.invalidate('k', { soft: '1m' });
    await expect(a.incr('k')).rejects.toThrow('non-numeric');
    await expect(b.cache.getOrSet('k', () => 'loaded', { serveStale: false })).resolves.toBe('loaded');
    expect(b.cache.counters.takeOver).toBe(0);
  });

  it('serves and stores on a server without cas tokens, and nothing old after an invalidation', async () => {
    await using server: RealMemcached = await startMemcached({ args: ['-C'] });
    await using a = new Process(server.address, 'auto');
    await using b = new Process(server.address, 'auto');
    await expect(a.cache.getOrSet('k', () => 'value')).resolves.toBe('value');
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('value');
    let finish!: (value: string) => void;
    const old = a.cache.getOrSet('w', () => new Promise<string>((resolve) => (finish = resolve)));
    while (a.cache.counters.load < 2) await a.client.version();
    await b.cache.invalidate('w');
    await expect(b.cache.getOrSet('w', () => 'new')).resolves.toBe('new');
    finish('old');
    await old;
    await a.client.version();
    await expect(b.cache.getOrSet('w', never)).resolves.toBe('new');
  });
});
