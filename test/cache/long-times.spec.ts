import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CachePolicy } from '../../lib/options/cache-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/index.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(['meta', 'classic'] as const)('times beyond thirty days, %s dialect', (protocol) => {
  let aheadMs: number;
  let server: MemcachedServer;
  let client: MemcachedClient;
  let cache: CacheEngine;

  beforeEach(async () => {
    aheadMs = 0;
    server = await MemcachedServer.start({ now: () => Date.now() + aheadMs });
    client = new MemcachedClient({ servers: server.address, protocol });
    cache = new CacheEngine(new ClientStore(client));
  });
  afterEach(async () => {
    await cache.close();
    await client.close();
    await server.close();
  });

  it.each<[string, CachePolicy]>([
    ['grace', { ttl: '1d', grace: '40d' }],
    ['a last part of the ttl', { ttl: '90d', refreshAhead: 0.5 }],
    ['both together', { ttl: '60d', grace: '25d', refreshAhead: 0.25 }],
    ['a lease', { ttl: '1d', lease: '40d' }],
  ])('are served like shorter ones: %s', async (_what, policy) => {
    expect(await cache.getOrSet('k', () => 'loaded', policy)).toBe('loaded');
    expect(await cache.getOrSet('k', () => 'again', policy)).toBe('loaded');
    expect(cache.counters).toMatchObject({ load: 1, leaseWon: 1, storeError: 0 });
  });

  if (protocol === 'meta') {
    it('give the right to refresh in time: a value is served stale for its grace', async () => {
      const policy: CachePolicy = { ttl: '1d', grace: '40d' };
      await cache.getOrSet('k', () => 'old', policy);
      aheadMs = 3 * DAY_MS;
      expect(await cache.getOrSet('k', () => 'new', policy)).toBe('old');
      await cache.close();
      expect(cache.counters).toMatchObject({ stale: 1, refresh: 1 });
      expect(await client.get('k')).toBe('new');
    });
  }
});
