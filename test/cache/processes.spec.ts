import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import type { CacheCounters } from '../../lib/cache/cache-events.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { type RealMemcached, describeReal, startMemcached } from '../support/real-memcached.js';
import { compileLib } from './processes/compiled-lib.js';
import { olderReads, SlowDatabase, startWorkers, type Worker } from './processes/fleet.mjs';

const LIMIT_MS = 120_000;
const POLL_MS = 100;

/** So long a storm lasts, in what it does: how long that takes is the machine's affair. */
const ENOUGH = { loads: 300, writes: 300 };

describeReal('four processes on a real memcached', () => {
  let lib: ReturnType<typeof compileLib>;
  let server: RealMemcached;
  let workers: Worker[] = [];
  let fleets = 0;

  beforeAll(async () => {
    lib = compileLib();
    server = await startMemcached();
  }, LIMIT_MS);
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())));
  afterAll(async () => {
    await server.stop();
    lib.remove();
  });

  async function threeServers(): Promise<
    { servers: RealMemcached[]; addresses: string[] } & AsyncDisposable
  > {
    const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
    return {
      servers,
      addresses: servers.map(({ address }) => address),
      [Symbol.asyncDispose]: async () => {
        await Promise.all(servers.map((one) => one.stop()));
      },
    };
  }

  async function start(
    cacheOptions: MemcachedCacheOptions = {},
    database = new SlowDatabase(0, 0),
    clientOptions: MemcachedClientOptions = {},
  ): Promise<Worker[]> {
    workers = await startWorkers(4, {
      libDir: lib.dir,
      database,
      clientOptions: {
        servers: [server.address],
        // Every test has a server of its own, as it were.
        keyPrefix: `${(fleets += 1)}:`,
        commandTimeout: '10s',
        connectTimeout: '10s',
        ...clientOptions,
      },
      cacheOptions,
    });
    return workers;
  }

  /** What the storms of some workers have read and invalidated. */
  const told = (some: Worker[]): Pick<Worker, 'reads' | 'invalidations'> => ({
    reads: some.flatMap(({ reads }) => reads),
    invalidations: some.flatMap(({ invalidations }) => invalidations),
  });

  const all = <T>(operation: string, args: object): Promise<T[]> =>
    Promise.all(workers.map((worker) => worker.call(operation, args) as Promise<T>));

  it(
    'lose no update of one counter, with 50 callers each',
    async () => {
      await start();
      const results = await all<{ retries: number; mostAttempts: number }>('take', {
        key: 'stock',
        callers: 50,
        times: 1,
        initial: 900,
      });
      const left = await workers[0].call('get', { key: 'stock', value: -1 });
      expect(left).toBe(700);
      const attempts = 1 + results.reduce((sum, { retries }) => sum + retries, 0) / 200;
      expect(attempts).toBeLessThan(4);
    },
    LIMIT_MS,
  );

  it(
    'load every cold key once in all, with 20 callers each',
    async () => {
      await start();
      const keys = Array.from({ length: 20 }, (_, key) => `cold:${key}`);
      const results = await all<{ loads: Record<string, number>; wrong: unknown[] }>('stampede', {
        keys,
        callers: 20,
        loadMs: 100,
      });
      expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
      const loads = new Map<string, number>();
      for (const result of results) {
        for (const [key, times] of Object.entries(result.loads))
          loads.set(key, (loads.get(key) ?? 0) + times);
      }
      expect(Object.fromEntries(loads)).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
    },
    LIMIT_MS,
  );

  it(
    'refresh a hot key ahead by one load each time it is due, and no read waits for one',
    async () => {
      await start();
      const policy = { ttl: '3s', refreshAhead: 0.6 };
      const loadMs = 300;
      await workers[0].call('get', { key: 'hot', value: 'value', policy });
      const results = await all<{ loads: number[] }>('steady', {
        key: 'hot',
        everyMs: 10,
        forMs: 5000,
        loadMs,
        policy,
      });
      const loads = results.flatMap((result) => result.loads).toSorted((a, b) => a - b);
      expect(loads.length).toBeGreaterThanOrEqual(3);
      const apart = loads.slice(1).map((began, index) => (began - loads[index]) / 1000);
      expect(Math.min(...apart)).toBeGreaterThan(loadMs);
      const counters = await all<CacheCounters>('counters', {});
      const total = (name: keyof CacheCounters): number => counters.reduce((sum, one) => sum + one[name], 0);
      expect(total('refresh')).toBe(loads.length);
      expect([total('miss'), total('load')]).toEqual([1, 1 + loads.length]);
      expect([total('stale'), total('shared'), total('leaseWaited'), total('leaseLost')]).toEqual([
        0, 0, 0, 0,
      ]);
    },
    LIMIT_MS,
  );

  it(
    'get a value by one load after at most the lease, when its winner is killed',
    async () => {
      const [winner] = await start({ lease: '2s' });
      await winner.call('seize', { key: 'seized' });
      await winner.kill();
      workers.shift();
      const results = await all<{ loads: Record<string, number> }>('stampede', {
        keys: ['seized'],
        callers: 5,
        loadMs: 20,
        policy: { lease: '2s' },
      });
      const loads = results.map((result) => result.loads.seized ?? 0);
      expect(loads.reduce((sum, times) => sum + times, 0)).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'store nothing that another process invalidated while it was loaded',
    async () => {
      const database = new SlowDatabase(1, 0);
      const [a, b] = await start({}, database);
      const letGo = database.hold();
      const begunBefore = a.call('settle', { keys: 1 });
      await database.reached({ loads: 1 });
      database.rows[0] = 1;
      await b.call('invalidate', { key: 'k0' });
      letGo();
      await expect(begunBefore).resolves.toEqual([0]);
      await expect(all('settle', { keys: 1 })).resolves.toEqual([[1], [1], [1], [1]]);
      expect(database.loads).toBe(2);
    },
    LIMIT_MS,
  );

  it(
    'store nothing in a server that has restarted while it was loaded',
    async () => {
      const database = new SlowDatabase(1, 0);
      await using first = await startMemcached();
      const [a] = await start({}, database, { servers: [first.address] });
      const letGo = database.hold();
      const begunBefore = a.call('settle', { keys: 1 });
      await database.reached({ loads: 1 });
      await first.stop();
      await using _second = await startMemcached({ port: first.port });
      database.rows[0] = 1;
      await all('paid', {});
      letGo();
      await expect(begunBefore).resolves.toEqual([0]);
      await expect(all('settle', { keys: 1 })).resolves.toEqual([[1], [1], [1], [1]]);
      expect(database.loads).toBe(2);
    },
    LIMIT_MS,
  );

  it.each([
    ['keys', {}, false],
    ['keys of values that expire and are served stale', { ttl: '1s', grace: '5s', lease: '1s' }, false],
    ['tags', {}, true],
  ])(
    'read nothing that was invalidated before, and leave nothing stale: %s',
    async (_name, policy, tags) => {
      const keys = 20;
      const database = new SlowDatabase(keys, 20);
      await start({}, database);
      const args = { keys, readers: 10, policy, tags };
      const storms = workers.map((worker, index) =>
        worker.call('storm', { ...args, writers: index < 2 ? 3 : 0 }),
      );
      await database.reached(ENOUGH);
      await all('calm', {});
      await Promise.all(storms);
      const { reads, invalidations } = told(workers);
      expect(olderReads(reads, invalidations)).toEqual([]);
      expect(reads.length).toBeGreaterThan(invalidations.length);
      expect(database.loads).toBeLessThan(reads.length);
      const settled = await all<number[]>('settle', { keys, policy, tags });
      for (const values of settled) expect(values).toEqual(database.rows);
    },
    LIMIT_MS,
  );

  it(
    'read nothing that was invalidated before, though readers are killed while they hold leases',
    async () => {
      const keys = 20;
      const database = new SlowDatabase(keys, 20);
      const policy = { lease: '1s' };
      await start({}, database);
      const args = { keys, readers: 10, policy };
      const storms = workers.map((worker, index) =>
        worker.call('storm', { ...args, writers: index < 2 ? 3 : 0 }),
      );
      const killed = storms.splice(2).map((storm) => expect(storm).rejects.toThrow('the process has ended'));
      const doomed = workers.splice(2);
      for (const worker of doomed) {
        await database.reached({ loads: database.loads + 50 });
        await worker.kill();
      }
      // What the killed ones held is waited for, taken over and loaded meanwhile.
      await database.reached({ loads: database.loads + 100, writes: database.writes + 50 });
      await all('calm', {});
      await Promise.all([...killed, ...storms]);
      const { reads, invalidations } = told([...doomed, ...workers]);
      expect(olderReads(reads, invalidations)).toEqual([]);
      const settled = await all<number[]>('settle', { keys, policy });
      for (const values of settled) expect(values).toEqual(database.rows);
    },
    LIMIT_MS,
  );

  it(
    'leave nothing stale but what killed writers were writing, and that for its ttl at most',
    async () => {
      const keys = 50;
      const database = new SlowDatabase(keys, 20);
      const ttlMs = 3000;
      const policy = { ttl: ttlMs, lease: '1s' };
      await start({}, database);
      const args = { keys, readers: 10, policy };
      const storms = [6, 6, 1, 0].map((writers, index) => workers[index].call('storm', { ...args, writers }));
      const doomed = workers.splice(0, 2);
      const killed = storms
        .splice(0, 2)
        .map((storm) => expect(storm).rejects.toThrow('the process has ended'));
      for (const worker of doomed) {
        await database.reached({ writes: database.writes + 50 + Math.random() * 100 });
        await worker.kill();
      }
      await all('calm', {});
      await Promise.all([...killed, ...storms]);
      const { reads, invalidations } = told([...doomed, ...workers]);
      expect(olderReads(reads, invalidations)).toEqual([]);
      expect(workers.flatMap(({ writing }) => writing)).toEqual([]);
      const interrupted = new Set(doomed.flatMap(({ writing }) => writing));
      expect(interrupted.size).toBeGreaterThan(0);
      const stale = (served: number[][]): number[] =>
        database.rows.flatMap((row, key) => (served.every((values) => values[key] === row) ? [] : [key]));
      const atRest = stale(await all<number[]>('settle', { keys, policy }));
      expect(atRest.filter((key) => !interrupted.has(key))).toEqual([]);
      // What was stored by then lives no longer than its ttl.
      while (stale(await all<number[]>('settle', { keys, policy })).length > 0) await wait(POLL_MS);
    },
    LIMIT_MS,
  );

  it(
    'leave nothing stale, though one of three servers is paused and resumed while they write',
    async () => {
      const keys = 30;
      const database = new SlowDatabase(keys, 10);
      await using cluster = await threeServers();
      await start({}, database, { servers: cluster.addresses, commandTimeout: '200ms' });
      const args = { keys, readers: 5 };
      const storms = workers.map((worker, index) =>
        worker.call('storm', { ...args, writers: index < 2 ? 3 : 0 }),
      );
      await database.reached({ loads: 100 });
      cluster.servers[1].kill('SIGSTOP');
      await database.reached({ writes: database.writes + 30 });
      cluster.servers[1].kill('SIGCONT');
      await database.reached({ writes: database.writes + 30 });
      await all('calm', {});
      await Promise.all(storms);
      for (const worker of workers) await worker.call('paid');
      const settled = await all<number[]>('settle', { keys });
      for (const values of settled) expect(values).toEqual(database.rows);
    },
    LIMIT_MS,
  );

  it(
    'load a key once each, when the server dies while they wait',
    async () => {
      await using doomed = await startMemcached();
      await start({}, undefined, { servers: [doomed.address] });
      const keys = ['a', 'b', 'c'];
      const stampedes = all<{ loads: Record<string, number>; wrong: unknown[] }>('stampede', {
        keys,
        callers: 20,
        loadMs: 300,
      });
      await Promise.all(workers.map((worker) => worker.call('began', { reads: keys.length })));
      await doomed.stop();
      for (const { loads, wrong } of await stampedes) {
        expect(wrong).toEqual([]);
        for (const times of Object.values(loads)) expect(times).toBe(1);
      }
    },
    LIMIT_MS,
  );

  it(
    'read older values and leave stale ones where they get, load and set, or this would prove nothing',
    async () => {
      const keys = 20;
      const database = new SlowDatabase(keys, 20);
      await start({}, database);
      const args = { keys, readers: 10, naive: true };
      const storms = workers.map((worker, index) =>
        worker.call('storm', { ...args, writers: index < 2 ? 3 : 0 }),
      );
      await database.reached(ENOUGH);
      await all('calm', {});
      await Promise.all(storms);
      const { reads, invalidations } = told(workers);
      expect(olderReads(reads, invalidations).length).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});
