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
])('twenty reads bear one signal with one listener: %s', async (_name, read) => {
  const { signal } = new AbortController();
  const reading = read(signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await reading;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
