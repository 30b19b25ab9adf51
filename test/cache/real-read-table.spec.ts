import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { type RealMemcached, describeReal, startMemcached } from '../support/real-memcached.js';
import { deferred } from './support/fleet.js';

const LIMIT_MS = 60_000;

/** Pause between two looks at what is to come. */
const POLL_MS = 10;

let server: RealMemcached;
let clients: MemcachedClient[];
let stores: ClientStore[];

beforeAll(async () => {
  server = await startMemcached();
  clients = [1, 2].map(() => clientOf(server));
  stores = clients.map((client) => new ClientStore(client));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
});

function clientOf({ address }: RealMemcached): MemcachedClient {
  return new MemcachedClient({ servers: [address], commandTimeout: '10s', connectTimeout: '10s' });
}

/** Two processes, as it were. */
function pair(options: MemcachedCacheOptions): { a: CacheEngine; b: CacheEngine } {
  const [a, b] = stores.map((store) => new CacheEngine(store, options));
  return { a, b };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(POLL_MS);
}

/** Seconds that the server will keep a value for; 0 when it is gone. */
async function secondsLeft(key: string): Promise<number> {
  const { hit, ttl } = await stores[0].read(key, 0, 0);
  return hit ? (ttl as number) / 1000 : 0;
}

/** Resolves once no more than so many seconds of a value are left, by the clock of the server. */
function left(key: string, seconds: number): Promise<void> {
  return until(async () => (await secondsLeft(key)) <= seconds);
}

function never(): never {
  throw new Error('the loader must not be called');
}

/** The rows pass their seconds at the same time. */
describeReal('the read table, while the seconds of a real memcached pass', () => {
  it.concurrent(
    'nothing, and the lease is ours: computed, and stored for its ttl and its grace',
    async () => {
      const { a, b } = pair({ ttl: '5m', grace: '1m' });
      await expect(a.getOrSet('ours', () => 'new')).resolves.toBe('new');
      await expect(b.getOrSet('ours', never)).resolves.toBe('new');
      expect(await secondsLeft('ours')).toBeGreaterThan(300);
      expect(a.counters).toMatchObject({ miss: 1, leaseWon: 1, load: 1, leaseLost: 0 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'nothing, and another process has the lease: its value is waited for',
    async () => {
      const { a, b } = pair({});
      const load = deferred<string>();
      const first = a.getOrSet('theirs', () => load.promise);
      await until(() => a.counters.leaseWon === 1);
      const second = b.getOrSet('theirs', never);
      await until(() => b.counters.leaseWaited === 1);
      load.resolve('new');
      await expect(Promise.all([first, second])).resolves.toEqual(['new', 'new']);
      expect(b.counters).toMatchObject({ miss: 1, load: 0 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'nothing, and the lease of another process runs out: computed, and nothing later is stored over it',
    async () => {
      const { a, b } = pair({ lease: '1s' });
      const load = deferred<string>();
      const first = a.getOrSet('run out', () => load.promise);
      await until(() => a.counters.leaseWon === 1);
      await expect(b.getOrSet('run out', () => 'from b')).resolves.toBe('from b');
      expect(b.counters).toMatchObject({ leaseWaited: 1, leaseWon: 1, load: 1 });
      load.resolve('from a');
      await expect(first).resolves.toBe('from a');
      expect(a.counters.leaseLost).toBe(1);
      await expect(a.getOrSet('run out', never)).resolves.toBe('from b');
    },
    LIMIT_MS,
  );

  it.concurrent(
    'nothing, and leaseWait is over before the lease: computed',
    async () => {
      const { a, b } = pair({ lease: '1m', leaseWait: '100ms' });
      const load = deferred<string>();
      const first = a.getOrSet('waited', () => load.promise);
      await until(() => a.counters.leaseWon === 1);
      await expect(b.getOrSet('waited', () => 'from b')).resolves.toBe('from b');
      expect(b.counters).toMatchObject({ leaseWaited: 1, leaseWon: 0, load: 1 });
      load.resolve('from a');
      await first;
      expect(a.counters.leaseLost).toBe(1);
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a value: fresh to the last second of its ttl, and without grace a miss from then on',
    async () => {
      const { a, b } = pair({ ttl: '2s' });
      await a.getOrSet('fresh', () => 'old');
      let last = 'old';
      await until(async () => {
        last = await b.getOrSet('fresh', () => 'new');
        return last === 'new';
      });
      expect(b.counters).toMatchObject({ miss: 1, leaseWon: 1, load: 1, stale: 0, refresh: 0 });
      expect(b.counters.hit).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a fresh value that is due to be refreshed ahead: returned to all, computed behind the response of one',
    async () => {
      const { a, b } = pair({ ttl: '30s', refreshAhead: 0.95 });
      await a.getOrSet('ahead', () => 'old');
      await left('ahead', 29);
      const load = deferred<string>();
      await expect(a.getOrSet('ahead', () => load.promise)).resolves.toBe('old');
      await expect(b.getOrSet('ahead', never)).resolves.toBe('old');
      await expect(a.getOrSet('ahead', never)).resolves.toBe('old');
      load.resolve('new');
      await until(async () => (await b.getOrSet('ahead', never)) === 'new');
      expect(a.counters).toMatchObject({ miss: 1, stale: 0, refresh: 1, load: 2 });
      expect(b.counters).toMatchObject({ miss: 0, stale: 0, refresh: 0, load: 0 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a stale value, its refresh ours or theirs: returned to all, computed behind the response of one',
    async () => {
      const { a, b } = pair({ ttl: '1s', grace: '30s' });
      await a.getOrSet('stale', () => 'old');
      await left('stale', 30);
      const load = deferred<string>();
      await expect(a.getOrSet('stale', () => load.promise)).resolves.toBe('old');
      await expect(b.getOrSet('stale', never)).resolves.toBe('old');
      expect(a.counters).toMatchObject({ miss: 1, stale: 1, refresh: 1, load: 2 });
      expect(b.counters).toMatchObject({ miss: 0, stale: 1, refresh: 0, load: 0 });
      load.resolve('new');
      await until(async () => (await b.getOrSet('stale', () => 'newer')) !== 'old');
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a stale value, with serveStale: false: computed by one, waited for by the other',
    async () => {
      const { a, b } = pair({ ttl: '1s', grace: '30s', serveStale: false });
      await a.getOrSet('first', () => 'old');
      await left('first', 30);
      const load = deferred<string>();
      const first = a.getOrSet('first', () => load.promise);
      await until(() => a.counters.load === 2);
      const second = b.getOrSet('first', never);
      await until(() => b.counters.leaseWaited === 1);
      load.resolve('new');
      await expect(Promise.all([first, second])).resolves.toEqual(['new', 'new']);
      expect(a.counters).toMatchObject({ stale: 0, refresh: 0 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a stale value, and its grace is over: a miss',
    async () => {
      const { a, b } = pair({ ttl: '1s', grace: '1s' });
      await a.getOrSet('over', () => 'old');
      await left('over', 0);
      await expect(b.getOrSet('over', () => 'new')).resolves.toBe('new');
      expect(b.counters).toMatchObject({ miss: 1, stale: 0, leaseWon: 1 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a value marked stale: returned to all, computed behind the response of one',
    async () => {
      const { a, b } = pair({ ttl: '5m' });
      await a.getOrSet('marked', () => 'old');
      await b.invalidate('marked', { soft: '30s' });
      const load = deferred<string>();
      await expect(a.getOrSet('marked', () => load.promise)).resolves.toBe('old');
      await expect(b.getOrSet('marked', never)).resolves.toBe('old');
      load.resolve('new');
      await until(async () => (await b.getOrSet('marked', never)) === 'new');
      expect(a.counters).toMatchObject({ stale: 1, refresh: 1, load: 2 });
      expect(await secondsLeft('marked')).toBeGreaterThan(30);
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a value marked stale for a second: a miss from then on',
    async () => {
      const { a, b } = pair({ ttl: '5m' });
      await a.getOrSet('soft', () => 'old');
      await b.invalidate('soft', { soft: '1s' });
      await left('soft', 0);
      await expect(a.getOrSet('soft', () => 'new')).resolves.toBe('new');
      expect(a.counters).toMatchObject({ stale: 0, miss: 2 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'null: a value like others, for nullTtl',
    async () => {
      const { a, b } = pair({ ttl: '5m', nullTtl: '2s' });
      await expect(a.getOrSet<string | null>('null', () => null)).resolves.toBeNull();
      await until(async () => (await b.getOrSet<string | null>('null', () => 'row')) === 'row');
      expect(b.counters).toMatchObject({ miss: 1, load: 1 });
      expect(b.counters.hit).toBeGreaterThan(0);
      expect(await secondsLeft('null')).toBeGreaterThan(2);
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a stale value whose load fails: returned while the loader is left in peace, then computed again',
    async () => {
      const { a } = pair({ ttl: '1s', grace: '30s', retryAfter: '2s' });
      await a.getOrSet('failing', () => 'old');
      await left('failing', 30);
      let loads = 0;
      const failing = (): never => {
        loads += 1;
        throw new Error('no database');
      };
      await expect(a.getOrSet('failing', failing)).resolves.toBe('old');
      await until(() => a.counters.loadFailure === 1);
      await expect(a.getOrSet('failing', failing)).resolves.toBe('old');
      expect(loads).toBe(1);
      // For longer than a second, or a slow machine would read it when it is stale already, and load it once more.
      await until(async () => (await a.getOrSet('failing', () => 'new', { ttl: '5m' })) === 'new');
      expect(a.counters).toMatchObject({ miss: 1, loadFailure: 1, load: 3 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a stale value whose load fails here: another process may compute it at once',
    async () => {
      const { a, b } = pair({ ttl: '1s', grace: '30s', serveStale: false, retryAfter: '1m' });
      await a.getOrSet('elsewhere', () => 'old');
      await left('elsewhere', 30);
      await expect(a.getOrSet('elsewhere', () => Promise.reject(new Error('no database')))).resolves.toBe(
        'old',
      );
      await expect(b.getOrSet('elsewhere', () => 'new')).resolves.toBe('new');
      await expect(a.getOrSet('elsewhere', never)).resolves.toBe('new');
    },
    LIMIT_MS,
  );

  it.concurrent(
    'a value whose tag has changed: a miss, and one reader computes',
    async () => {
      const { a, b } = pair({ ttl: '5m', tags: ['tag'] });
      await a.getOrSet('tagged', () => 'old');
      await b.invalidateTags('tag');
      const load = deferred<string>();
      const first = a.getOrSet('tagged', () => load.promise);
      await until(() => a.counters.load === 2);
      const second = b.getOrSet('tagged', never);
      await until(() => b.counters.leaseWaited === 1);
      load.resolve('new');
      await expect(Promise.all([first, second])).resolves.toEqual(['new', 'new']);
    },
    LIMIT_MS,
  );

  it.concurrent(
    'bytes that nobody here can read: counted, and computed',
    async () => {
      const { a, b } = pair({});
      await clients[0].set('pickle', 'a pickle', {
        codec: { encode: () => ({ data: Buffer.from('(dp0'), flags: 1 }), decode: () => undefined },
      });
      await expect(a.getOrSet('pickle', () => 'new')).resolves.toBe('new');
      await expect(b.getOrSet('pickle', never)).resolves.toBe('new');
      expect(a.counters).toMatchObject({ unreadable: 1, miss: 1, load: 1 });
    },
    LIMIT_MS,
  );

  it.concurrent(
    'no answer: counted, and computed by each',
    async () => {
      await using doomed = await startMemcached();
      const client = clientOf(doomed);
      await client.connect();
      await doomed.stop();
      const cache = new CacheEngine(new ClientStore(client));
      await expect(cache.getOrSet('k', () => 'one')).resolves.toBe('one');
      await expect(cache.getOrSet('k', () => 'two')).resolves.toBe('two');
      expect(cache.counters).toMatchObject({ miss: 2, load: 2, leaseWon: 0 });
      expect(cache.counters.storeError).toBeGreaterThan(0);
      await client.close();
    },
    LIMIT_MS,
  );
});
