import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/index.js';

describe.each([
  ['has no UTF-8 form', 'b\uD800'],
  ['needs encoding, which the application refuses', 'b c'],
  ['is empty', ''],
])('of many keys one %s', (_why, wrong) => {
  let server: MemcachedServer;
  let client: MemcachedClient;
  let cache: CacheEngine;

  beforeEach(async () => {
    server = await MemcachedServer.start();
    client = new MemcachedClient({ servers: server.address, unsafeKeys: 'refuse' });
    cache = new CacheEngine(new ClientStore(client));
    await cache.set('a', 'old', { tags: ['t'] });
  });
  afterEach(async () => {
    await cache.close();
    await client.close();
    await server.close();
  });

  const load = jest.fn((ids: readonly string[]) => ids);
  it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
    ['setMany', (at) => at.setMany({ a: 'new', [wrong]: 2 })],
    ['deleteMany', (at) => at.deleteMany(['a', wrong])],
    ['invalidate', (at) => at.invalidate('a', wrong)],
    ['invalidateTags', (at) => at.invalidateTags('t', wrong)],
    ['getMany', (at) => at.getMany(['a', wrong])],
    ['getOrSetMany', (at) => at.getOrSetMany(['new', wrong], (id) => id, load)],
  ])('%s does nothing about the others', async (_command, call) => {
    await expect(call(cache)).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_ARGUMENT' });
    expect(load).not.toHaveBeenCalled();
    expect(await cache.get('a', { tags: ['t'] })).toBe('old');
    expect(await cache.get('new')).toBeUndefined();
  });
});

it('shows signs of life for a key that is as long as memcached takes', async () => {
  await using server = await MemcachedServer.start();
  await using client = new MemcachedClient({ servers: server.address, unsafeKeys: 'refuse' });
  const store = new ClientStore(client);
  for (const key of ['k'.repeat(250), `${'k'.repeat(117)}😀${'k'.repeat(125)}😀`]) {
    await store.announce(key, '1', 3);
    expect(await store.isAnnounced(key, '1')).toBe(true);
    expect(await store.isAnnounced(key, '2')).toBe(false);
  }
});
