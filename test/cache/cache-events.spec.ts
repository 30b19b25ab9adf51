import { describe, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MapServer } from './support/map-server.js';

describe('an observer', () => {
  it('is told of everything that is counted, as it happens', async () => {
    const seen: [what: string, key: string, error?: unknown][] = [];
    const store = new MapServer().connect();
    const cache = new CacheEngine(store, {}, { observer: (...event) => void seen.push(event) });
    await cache.getOrSet('k', () => 1);
    await cache.getOrSet('k', () => 2);
    const failure = new Error('no database');
    await expect(cache.getOrSet('other', () => Promise.reject(failure))).rejects.toBe(failure);
    store.breakDown();
    await cache.invalidate('k');
    expect(seen.map(([what, key]) => `${what} ${key}`)).toEqual([
      'miss k',
      'leaseWon k',
      'load k',
      'loadEnd k',
      'hit k',
      'miss other',
      'leaseWon other',
      'load other',
      'loadEnd other',
      'loadFailure other',
      'invalidation k',
      'storeError k',
    ]);
    expect(seen[9][2]).toBe(failure);
    const counted = Object.values(cache.counters).reduce((sum, times) => sum + times, 0);
    expect(counted).toBe(seen.length);
  });

  it('need not be there: the counters are snapshots of their own', async () => {
    const cache = new CacheEngine(new MapServer().connect());
    const before = cache.counters;
    await cache.getOrSet('k', () => 1);
    expect(before.load).toBe(0);
    expect(cache.counters.load).toBe(1);
  });

  it('is not called for what has an audience that is empty', async () => {
    const seen: string[] = [];
    const hits = { hasSubscribers: false };
    const cache = new CacheEngine(
      new MapServer().connect(),
      {},
      { observer: (what) => void seen.push(what), audiences: { hit: hits } },
    );
    await cache.set('k', 1);
    await cache.get('k');
    expect(seen).toEqual([]);
    hits.hasSubscribers = true;
    await cache.get('k');
    await cache.get('nothing');
    expect(seen).toEqual(['hit', 'miss']);
    expect(cache.counters.hit).toBe(2);
  });
});
