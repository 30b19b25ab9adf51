import { describe, expect, it } from '@jest/globals';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

function never(): never {
  throw new Error('the loader must not be called');
}

describe('an invalidation while a value is being loaded', () => {
  it('keeps the value from being stored, whichever process invalidates', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidate('k');
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    expect(fleet.server.items.size).toBe(0);
    expect(a.cache.counters.leaseLost).toBe(1);
  });

  it('keeps it from being stored over the lease that another process has won since', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const old = deferred<string>();
    const fresh = deferred<string>();
    const first = a.cache.getOrSet('k', () => old.promise);
    await settled();
    await b.cache.invalidate('k');
    const second = b.cache.getOrSet('k', () => fresh.promise);
    await settled();
    old.resolve('old');
    await expect(first).resolves.toBe('old');
    fresh.resolve('new');
    await expect(second).resolves.toBe('new');
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('gives the value to nobody who joined after it had returned', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidate('k');
    const late = a.cache.getOrSet('k', () => 'new');
    await settled();
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await expect(late).resolves.toBe('new');
  });

  it('gives the value to all who had begun before the load', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const calls = [1, 2, 3].map(() => a.cache.getOrSet('k', () => load.promise));
    await settled();
    await b.cache.invalidate('k');
    load.resolve('old');
    await expect(Promise.all(calls)).resolves.toEqual(['old', 'old', 'old']);
    expect(a.cache.counters.load).toBe(1);
  });

  it('lets those who come too late for the value share one load more', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const loads = [deferred<string>(), deferred<string>()];
    let calls = 0;
    const get = (): Promise<string> => a.cache.getOrSet('k', () => loads[calls++].promise);
    void get();
    await settled();
    await b.cache.invalidate('k');
    const late = [get(), get(), get()];
    loads[0].resolve('old');
    await settled();
    loads[1].resolve('new');
    await expect(Promise.all(late)).resolves.toEqual(['new', 'new', 'new']);
    expect(calls).toBe(2);
  });

  it('in this process ends the joining at once', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const load = deferred<string>();
    void cache.getOrSet('k', () => load.promise);
    await settled();
    await cache.invalidate('k');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    load.resolve('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});

describe('an invalidation in the moments around a store', () => {
  it('removes what was stored just before it', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.getOrSet('k', () => 'old');
    await b.cache.invalidate('k');
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('that passes between the store and its answer is noticed by who joins after it', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const answer = deferred();
    a.store.after = (operation) => (operation === 'write' ? answer.promise : undefined);
    const first = a.cache.getOrSet('k', () => 'old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('old');
    await b.cache.invalidate('k');
    const late = a.cache.getOrSet('k', () => 'new');
    await settled();
    a.store.after = undefined;
    answer.resolve();
    await expect(first).resolves.toBe('old');
    await expect(late).resolves.toBe('new');
  });

  it('that passes between a read and its answer is noticed by who begins after it', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.getOrSet('k', () => 'old');
    const answer = deferred();
    a.store.after = () => answer.promise;
    const first = a.cache.getOrSet('k', never);
    await settled();
    a.store.after = undefined;
    await b.cache.invalidate('k');
    const late = a.cache.getOrSet('k', () => 'new');
    await settled();
    answer.resolve();
    await expect(first).resolves.toBe('old');
    await expect(late).resolves.toBe('new');
  });

  it('that passes between a look of a waiting flight and its answer is noticed by who joins after it', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    void b.cache.getOrSet('k', () => load.promise);
    await settled();
    const answer = deferred();
    const waiting = a.cache.getOrSet('k', () => 'new');
    await settled();
    a.store.after = () => answer.promise;
    load.resolve('old');
    await fleet.pass(20);
    await b.cache.invalidate('k');
    const late = a.cache.getOrSet('k', () => 'new');
    await settled();
    a.store.after = undefined;
    answer.resolve();
    await expect(waiting).resolves.toBe('old');
    await expect(late).resolves.toBe('new');
  });
});

describe('reads of one turn', () => {
  it('are one read', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    store.log.length = 0;
    const calls = Array.from({ length: 10 }, () => cache.getOrSet('k', never));
    await expect(Promise.all(calls)).resolves.toEqual(Array.from({ length: 10 }, () => 'old'));
    expect(store.log).toEqual(['read k']);
  });

  it('are one load, if nothing is there', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    let loads = 0;
    const calls = Array.from({ length: 10 }, () => cache.getOrSet('k', () => (loads += 1)));
    await expect(Promise.all(calls)).resolves.toEqual(Array.from({ length: 10 }, () => 1));
    expect(store.log).toEqual(['read k', 'write k']);
    expect(cache.counters).toMatchObject({ load: 1, shared: 9 });
  });

  it('are not joined by what follows an invalidation in the same turn', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    const before = cache.getOrSet('k', never);
    const invalidated = cache.invalidate('k');
    const after = cache.getOrSet('k', () => 'new');
    await expect(Promise.all([before, invalidated, after])).resolves.toEqual(['old', undefined, 'new']);
    expect(store.log.filter((entry) => entry === 'read k')).toHaveLength(3);
  });
});

describe('a soft invalidation', () => {
  it('keeps the value to be served while it is computed anew', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.getOrSet('k', () => 'old', { ttl: '1h' });
    await b.cache.invalidate('k', { soft: '30s' });
    expect(fleet.server.ttlOf('k')).toBe(30);
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('new');
    expect(fleet.server.ttlOf('k')).toBe(300);
  });

  it('is computed first with serveStale: false', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ serveStale: false });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidate('k', { soft: '30s' });
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('voids a lease, so that a load begun before it is not stored', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidate('k', { soft: '30s' });
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('lets nobody wait for longer where nothing was stored yet, and the next one to compute dies', async () => {
    const fleet = new Fleet();
    const [a, b, c, d] = [fleet.start(), fleet.start(), fleet.start(), fleet.start()];
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    await b.cache.invalidate('k', { soft: '5m' });
    void c.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    c.store.breakDown();
    const call = d.cache.getOrSet('k', () => 'from d');
    await fleet.pass(3500);
    await expect(call).resolves.toBe('from d');
  });

  it('takes several keys, and refuses a time it cannot keep', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.invalidate('a', 'b', { soft: '1.5s' });
    expect(store.log).toEqual(['markStale a', 'markStale b']);
    await expect(cache.invalidate('a', { soft: 30 })).rejects.toThrow(
      "invalidate.soft: 30 ms is below one second, the smallest ttl memcached can count; did you mean '30s'?",
    );
  });
});

describe('invalidate', () => {
  it('sends all keys at once', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const gate = deferred();
    store.before = () => gate.promise;
    const done = cache.invalidate('a', 'b', 'c');
    await settled();
    expect(store.log).toEqual(['remove a', 'remove b', 'remove c']);
    gate.resolve();
    await done;
  });

  it('does not reject for a store that is away, but counts it', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.invalidate('a', 'b')).resolves.toBeUndefined();
    expect(cache.counters).toMatchObject({ storeError: 2, invalidation: 2 });
  });

  it("rejects with onStoreError: 'throw'", async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ onStoreError: 'throw' });
    store.breakDown();
    await expect(cache.invalidate('a')).rejects.toThrow('the store is down');
  });
});

describe('a set', () => {
  it('stores the value whatever is there, and voids the lease of a load that is under way', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.set('k', 'put', { ttl: '20s', grace: '10s' });
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    expect(fleet.server.valueOf('k')).toBe('put');
    expect(fleet.server.ttlOf('k')).toBe(30);
  });

  it('is seen by who reads after it in the same process, even while a load is under way', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    void cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    await cache.set('k', 'put');
    await expect(cache.getOrSet('k', never)).resolves.toBe('put');
  });

  it('of what is not cached removes what was', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('k', 'old');
    await cache.set('k', undefined);
    expect(fleet.server.items.size).toBe(0);
  });

  it('does not reject for a store that is away, but counts it', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.set('k', 1)).resolves.toBe(false);
    expect(cache.counters.storeError).toBe(1);
  });
});
