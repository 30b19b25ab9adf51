import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

let server: MemcachedServer;
let cache: MemcachedService;

beforeEach(async () => {
  server = await MemcachedServer.start();
  cache = new MemcachedService({ servers: server.address });
});
afterEach(async () => {
  await cache.close();
  await server.close();
});

const KEYS = Array.from({ length: 20 }, (_, index) => `k${index}`);

it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
  ['getOrSet', (signal) => Promise.all(KEYS.map((key) => cache.getOrSet(key, () => 1, { signal })))],
  [
    'getOrSetMany',
    (signal) =>
      cache.getOrSetMany(
        KEYS,
        (key) => key,
        (missing) => new Map(missing.map((key) => [key, 1])),
        { signal },
      ),
  ],
  ['get', (signal) => Promise.all(KEYS.map((key) => cache.get(key, { signal })))],
  ['getMany', (signal) => Promise.all(KEYS.map((key) => cache.getMany([key], { signal })))],
  ['set', (signal) => Promise.all(KEYS.map((key) => cache.set(key, 1, { signal })))],
  ['setMany', (signal) => cache.setMany(new Map(KEYS.map((key) => [key, 1])), { signal })],
  ['beginSet', (signal) => Promise.all(KEYS.map((key) => cache.beginSet(key, { signal })))],
  ['delete', (signal) => Promise.all(KEYS.map((key) => cache.delete(key, { signal })))],
  ['deleteMany', (signal) => cache.deleteMany(KEYS, { signal })],
  ['add', (signal) => Promise.all(KEYS.map((key) => cache.add(key, 1, { signal })))],
  ['add of one key', (signal) => Promise.all(KEYS.map(() => cache.add('k', 1, { signal })))],
  ['gets', (signal) => Promise.all(KEYS.map((key) => cache.gets(key, { signal })))],
  ['cas', (signal) => Promise.all(KEYS.map((key) => cache.cas(key, 1, '1', { signal })))],
  [
    'update of one key',
    (signal) => Promise.all(KEYS.map(() => cache.update('n', (n) => n + 1, { initial: 0, signal }))),
  ],
  [
    'withLock of one key',
    (signal) => Promise.all(KEYS.map(() => cache.withLock('l', { ttl: '5s', wait: '5s', signal }, () => 1))),
  ],
])('twenty calls bear one signal with one listener: %s', async (_name, read) => {
  const { signal } = new AbortController();
  const reading = read(signal);
  await Promise.resolve();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await reading;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('an update that is aborted in the moment in which its turn comes lets the next one on', async () => {
  const controller = new AbortController();
  let done!: (value: number) => void;
  const first = cache.update('k', () => new Promise<number>((resolve) => (done = resolve)));
  const second = cache.update('k', () => 2, { signal: controller.signal });
  const third = cache.update('k', () => 3);
  void first.then(() => controller.abort());
  while (done === undefined) await new Promise(setImmediate);
  done(1);
  await expect(second).rejects.toThrow('aborted');
  await expect(third).resolves.toBe(3);
});
