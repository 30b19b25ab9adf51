import { describe, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import type { CacheTracing, TracedCall } from '../../lib/cache/cache-tracing.js';
import type { TracedLoad } from '../../lib/cache/traced-load.js';
import { Fleet } from './support/fleet.js';

/** Keeps what it is told, as it is in the end. */
function tracing(): CacheTracing & {
  readonly seen: TracedCall[];
  readonly loaded: TracedLoad[];
  readonly refreshed: string[];
} {
  const seen: TracedCall[] = [];
  const loaded: TracedLoad[] = [];
  const refreshed: string[] = [];
  return {
    seen,
    loaded,
    calls: { audience: { hasSubscribers: true }, run: (about, work) => (seen.push(about), work()) },
    loads: { audience: { hasSubscribers: true }, run: (about, work) => (loaded.push(about), work()) },
    refreshed,
    refreshes: {
      audience: { hasSubscribers: true },
      run: (about, work) => (refreshed.push(...about.keys), work()),
    },
  };
}

describe('what a cache tells who traces it', () => {
  it('is a hit of what is kept in the process like any other, of one key and of many', async () => {
    const fleet = new Fleet();
    const told = tracing();
    const options = { near: { maxAge: 500 } };
    const cache = new CacheEngine(fleet.server.connect(), options, { clock: fleet.clock, tracing: told });
    do {
      await fleet.until(cache.getOrSet('k', () => 1));
      await fleet.pass(100);
    } while (cache.near?.items !== 1);
    const { hits } = cache.near;
    await fleet.until(cache.getOrSet('k', () => 2));
    const joined = new Set();
    expect(told.seen.at(-1)).toEqual({
      keys: ['k'],
      isOfMany: false,
      hit: 1,
      stale: 0,
      shared: 0,
      miss: 0,
      joined,
    });
    await fleet.until(cache.getOrSet('k', () => 2, { ttl: '5m' }));
    const read = (ids: readonly string[]): string[] => [...ids];
    await fleet.until(cache.getOrSetMany(['k', 'other'], (id) => id, read));
    expect(told.seen.at(-1)).toMatchObject({ isOfMany: true, hit: 1, miss: 1 });
    expect(cache.near.hits).toBeGreaterThan(hits);
    expect(told.loaded.at(-1)).toEqual({ keys: ['other'], refresh: false, stale: false });
    await fleet.until(cache.close());
  });

  it('is what is done behind a response, and only that, as a refresh', async () => {
    const fleet = new Fleet();
    const told = tracing();
    const options = { ttl: '10s', grace: '60s' } as const;
    const ports = { clock: fleet.clock, tracing: told };
    const cache = new CacheEngine(fleet.server.connect(), options, ports);
    await fleet.until(cache.getOrSet('k', () => 'old'));
    expect(told.refreshed).toEqual([]);
    await fleet.pass(12_000);
    await expect(fleet.until(cache.getOrSet('k', () => 'new'))).resolves.toBe('old');
    await fleet.pass(10);
    await expect(fleet.until(cache.getOrSet('k', () => 'newer'))).resolves.toBe('new');
    expect(told.refreshed).toEqual(['k']);
  });

  it('is a call that fails, which is told as one that was served nothing', async () => {
    const fleet = new Fleet();
    const told = tracing();
    const cache = new CacheEngine(fleet.server.connect(), {}, { clock: fleet.clock, tracing: told });
    const failure = new Error('no database');
    await expect(fleet.until(cache.getOrSet('k', () => Promise.reject(failure)))).rejects.toBe(failure);
    expect(told.seen).toMatchObject([{ hit: 0, stale: 0, shared: 0, miss: 1 }]);
  });
});
