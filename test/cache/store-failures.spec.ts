import { describe, expect, it } from '@jest/globals';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';
import type { Operation } from './support/map-server.js';

describe('a store that is down', () => {
  it('costs nobody anything but the load', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(cache.counters).toMatchObject({ storeError: 1, load: 1 });
    expect(store.log).toEqual(['read k']);
  });

  it('lets all who wait for a key share one load, and asks it once', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    const load = deferred<string>();
    const early = [1, 2, 3].map(() => cache.getOrSet('k', () => load.promise));
    await settled();
    load.resolve('new');
    await expect(Promise.all(early)).resolves.toEqual(['new', 'new', 'new']);
    expect(cache.counters.load).toBe(1);
    expect(store.log).toEqual(['read k']);
  });

  it('lets those who join during a load share the next, since nothing vouches for the first', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    const load = deferred<string>();
    const early = cache.getOrSet('k', () => load.promise);
    await settled();
    const late = [1, 2, 3].map(() => cache.getOrSet('k', () => 'newer'));
    await settled();
    load.resolve('new');
    await expect(early).resolves.toBe('new');
    await expect(Promise.all(late)).resolves.toEqual(['newer', 'newer', 'newer']);
    expect(cache.counters.load).toBe(2);
  });

  it("is told of with onStoreError: 'throw'", async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ onStoreError: 'throw' });
    store.breakDown();
    await expect(cache.getOrSet('k', () => 'new')).rejects.toThrow('the store is down');
  });

  it('does not hide what the loader throws', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    const error = new Error('no database');
    await expect(cache.getOrSet('k', () => Promise.reject(error))).rejects.toBe(error);
  });

  it('is used again once it is back', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await cache.getOrSet('k', () => 'unstored');
    store.mend();
    await cache.getOrSet('k', () => 'stored');
    await expect(cache.getOrSet('k', () => 'again')).resolves.toBe('stored');
  });

  it('serves no look', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    store.breakDown();
    await expect(cache.get('k')).resolves.toBeUndefined();
  });
});

describe('a store that goes down', () => {
  const failOn = (wanted: Operation) => (operation: Operation) => {
    if (operation === wanted) throw new Error('the connection broke');
  };

  it('before the value is stored: the value is returned', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.before = failOn('write');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await settled();
    expect(cache.counters.storeError).toBe(1);
    expect(fleet.server.items.size).toBe(0);
  });

  it('after the value was stored: the value is returned, and stays', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.after = failOn('write');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it("before the value is stored, with onStoreError: 'throw'", async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ onStoreError: 'throw' });
    store.before = failOn('write');
    await expect(cache.getOrSet('k', () => 'new')).rejects.toThrow('the connection broke');
  });

  it('while another process is waited for: computes', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const call = b.cache.getOrSet('k', () => 'from b');
    await fleet.pass(50);
    b.store.breakDown();
    await fleet.pass(50);
    await expect(call).resolves.toBe('from b');
    expect(b.cache.counters.load).toBe(1);
  });

  it('when others are to be told that they need not wait: the lease runs out by itself', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ lease: '5s' });
    a.store.before = failOn('write');
    await expect(a.cache.getOrSet('k', () => Promise.reject(new Error('no database')))).rejects.toThrow();
    await settled();
    expect(a.cache.counters.storeError).toBe(1);
    a.store.before = undefined;
    await fleet.pass(6000);
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('when a right is to be taken over: the stale value is served, and the next read tries again', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ ttl: '10s', grace: '60s', lease: '5s' });
    const b = fleet.start({ ttl: '10s', grace: '60s', lease: '5s' });
    await a.cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    await b.cache.getOrSet('k', () => 'new');
    await fleet.pass(5000);
    b.store.before = failOn('release');
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    b.store.before = undefined;
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});

describe('a store that hangs', () => {
  it('holds nobody up in giving a lease back', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.before = (operation) => (operation === 'write' ? new Promise(() => undefined) : undefined);
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('no database')))).rejects.toThrow(
      'no database',
    );
  });
});

describe('a server that restarts', () => {
  it('while a value is loaded: the value is returned and not stored', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const load = deferred<string>();
    const call = cache.getOrSet('k', () => load.promise);
    await settled();
    fleet.server.restart();
    load.resolve('old');
    await expect(call).resolves.toBe('old');
    expect(fleet.server.items.size).toBe(0);
  });

  it('and counts its cas tokens from the start: an old token does not store over a new lease', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const call = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidate('k');
    fleet.server.restart();
    const fresh = deferred<string>();
    const second = b.cache.getOrSet('k', () => fresh.promise);
    await settled();
    load.resolve('old');
    await expect(call).resolves.toBe('old');
    expect(fleet.server.valueOf('k')).toBeUndefined();
    fresh.resolve('new');
    await expect(second).resolves.toBe('new');
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});

describe('a process whose clock jumps', () => {
  it('neither serves nor stores anything else by that: the server counts', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '10s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.clock.advance(3_600_000);
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    expect(cache.counters).toMatchObject({ hit: 1, stale: 0 });
  });
});
