import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

const LIMIT_MS = 400;

let server: MemcachedServer;
let find: (servers: string[]) => void;
let client: MemcachedClient;
let cache: CacheEngine;

beforeEach(async () => {
  server = await MemcachedServer.start();
  const found = new Promise<string[]>((resolve) => (find = resolve));
  client = new MemcachedClient({ discovery: () => found, commandTimeout: LIMIT_MS });
  cache = new CacheEngine(new ClientStore(client, undefined, LIMIT_MS));
});
afterEach(async () => {
  await client.close();
  await server.close();
});

it('a lock waits for the first list of servers, as every command does', async () => {
  const locked = cache.withLock('job', { ttl: '5s' }, () => 'done');
  const updated = cache.update('k', () => 1);
  find([server.address]);
  await expect(locked).resolves.toMatchObject({ locked: true, value: 'done' });
  await expect(updated).resolves.toBe(1);
});

it('a lock fails as every command does where no server is found', async () => {
  const failed = await Promise.allSettled([
    cache.withLock('job', { ttl: '5s' }, () => 'done'),
    cache.update('k', () => 1),
  ]);
  for (const { reason } of failed as PromiseRejectedResult[])
    expect(reason).toMatchObject({ code: 'MEMCACHED_TIMEOUT', outcome: 'not-sent' });
});

it('a soft invalidation of a tag is owed to whatever server is found', async () => {
  const other = new MemcachedClient({ servers: server.address });
  const others = new CacheEngine(new ClientStore(other));
  await others.set('k', 'older', { tags: ['t'] });
  const invalidated = cache.invalidateTags('t', { soft: '30s' });
  find([server.address]);
  await invalidated;
  await expect(others.get('k')).resolves.toBeUndefined();
  expect(cache.counters.storeError).toBe(0);
  await other.close();
});

it.each<[string, () => Promise<unknown>]>([
  ['set', () => cache.set('k', 1)],
  ['set with tags', () => cache.set('k', 1, { tags: ['t'] })],
  ['setMany', () => cache.setMany({ k: 1 })],
])(
  '%s waits once for servers: the invalidation of what cannot be stored is owed at once',
  async (_call, set) => {
    const invalidating = jest.spyOn(client, 'invalidateKey');
    await set();
    expect(invalidating.mock.calls).toEqual([['k', { timeout: 1 }]]);
  },
);

it('what cannot be stored on a server that is silent is invalidated in half of the time that it has', async () => {
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  const sockets: Socket[] = [];
  await once(silent, 'listening');
  const invalidating = jest.spyOn(client, 'invalidateKey');
  find([`127.0.0.1:${(silent.address() as AddressInfo).port}`]);
  await cache.set('k', 1);
  expect(invalidating.mock.calls).toEqual([['k', { timeout: LIMIT_MS / 2 }]]);
  await client.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});
