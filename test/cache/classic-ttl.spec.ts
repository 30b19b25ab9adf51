import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

const KEPT = { ttl: '10s', grace: '1h' } as const;

/** The classic dialect does not tell how much of a ttl is left, so that nothing read by it is known to be stale. */
describe('a ttl in the classic dialect', () => {
  let server: MemcachedServer;
  let clients: MemcachedClient[];
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    server = await MemcachedServer.start({ now: () => now });
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  });

  function client(protocol: MemcachedClientOptions['protocol']): MemcachedClient {
    const made = new MemcachedClient({
      servers: [server.address],
      protocol,
      commandTimeout: '10s',
      connectTimeout: '10s',
    });
    clients.push(made);
    return made;
  }

  const cache = (protocol: MemcachedClientOptions['protocol'] = 'classic'): CacheEngine =>
    new CacheEngine(new ClientStore(client(protocol)), { ttl: '1m' });

  /** In milliseconds, asked for in the meta dialect; undefined where it has none. */
  const left = async (key: string): Promise<number | undefined> =>
    (await new ClientStore(client('meta')).read(key, 0, 0)).ttl;

  it('is the end of a loaded value, which would otherwise be served as fresh all through its grace', async () => {
    const one = cache();
    await one.getOrSet('k', () => 'old', KEPT);
    now += 11_000;
    await expect(one.getOrSet('k', () => 'new', KEPT)).resolves.toBe('new');
  });

  it.each([true, false])('is the end of a value that was set, guarded or not', async (guardSet) => {
    await cache().set('k', 'v', { ...KEPT, guardSet });
    await expect(left('k')).resolves.toBe(10_000);
  });

  it('is the end of a value that was updated with a ttl', async () => {
    await cache().update('k', () => 'v', KEPT);
    await expect(left('k')).resolves.toBe(10_000);
  });

  it('goes on with the grace where it can be read', async () => {
    await cache('auto').getOrSet('k', () => 'v', KEPT);
    await expect(left('k')).resolves.toBe(3_610_000);
  });

  it('is the cache’s own for a value that takes the place of one, whose ttl cannot be handed on', async () => {
    const one = cache();
    await one.set('k', 1, { ttl: '10s' });
    await one.update('k', (current: number | undefined) => Number(current) + 1);
    await expect(left('k')).resolves.toBe(60_000);
  });

  it('is the cache’s own for a text that was lengthened', async () => {
    const one = cache();
    await one.set('k', 'a', { ttl: '10s' });
    await one.items.extend('append', 'k', 'b');
    await expect(left('k')).resolves.toBe(60_000);
  });

  it('is none where the cache’s own is none', async () => {
    const one = new CacheEngine(new ClientStore(client('classic')), { ttl: 'never' });
    await one.set('k', 1);
    await one.update('k', (current: number | undefined) => Number(current) + 1);
    await expect(left('k')).resolves.toBeUndefined();
  });
});
