import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { type RealMemcached, describeReal, startMemcached } from '../support/real-memcached.js';

/** Every way to a hit. */
const READS: readonly (readonly [
  name: string,
  hits: number,
  read: (cache: CacheEngine) => Promise<unknown>,
])[] = [
  ['get', 1, (cache) => cache.get('k')],
  ['getMany', 2, (cache) => cache.getMany(['k', 'l'])],
  ['getOrSet', 1, (cache) => cache.getOrSet('k', refuse)],
  ['getOrSetMany', 2, (cache) => cache.getOrSetMany(['k', 'l'], (id) => id, refuse)],
];

function refuse(): never {
  throw new Error('a loader was called');
}

describeReal('hits on a server', () => {
  let memcached: RealMemcached;
  beforeAll(async () => {
    memcached = await startMemcached();
  });
  afterAll(() => memcached.stop());

  it.each(
    READS.flatMap(([name, hits, read]) =>
      [true, false].map((heard) => ({ name, hits, read, heard, how: heard ? 'told' : 'not told' })),
    ),
  )('by $name are counted, and $how to an observer', async ({ hits, read, heard }) => {
    const client = new MemcachedClient({ servers: [memcached.address] });
    const seen: string[] = [];
    const cache = new CacheEngine(
      new ClientStore(client),
      {},
      { observer: (what) => void seen.push(what), audiences: { hit: { hasSubscribers: heard } } },
    );
    await cache.set('k', 1);
    await cache.set('l', 2);
    await read(cache);
    expect(cache.counters.hit).toBe(hits);
    expect(seen.filter((what) => what === 'hit')).toHaveLength(heard ? hits : 0);
    await client.close();
  });
});
