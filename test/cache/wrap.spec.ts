import { expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { wrap } from '../../lib/cache/wrap.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

it('caches what a function returns, by its key, and leaves its types', async () => {
  await using server = await MemcachedServer.start();
  await using client = new MemcachedClient({ servers: server.address });
  const cache = new CacheEngine(new ClientStore(client));
  const calls: string[] = [];
  const join = (first: string, second: number): string => {
    calls.push(first);
    if (second < 0) throw new RangeError('negative');
    return first + second;
  };
  const cached: (first: string, second: number) => Promise<string> = wrap(cache, join, {
    key: (first, second) => `join:${first}:${second}`,
    ttl: '1m',
  });
  expect(await Promise.all([cached('a', 1), cached('a', 1)])).toEqual(['a1', 'a1']);
  expect(await cached('a', 1)).toBe('a1');
  expect(await cached('a', 2)).toBe('a2');
  expect(calls).toEqual(['a', 'a']);
  await cache.invalidate('join:a:1');
  await cached('a', 1);
  expect(calls).toHaveLength(3);
  await expect(cached('a', -1)).rejects.toThrow(RangeError);
  expect(() => wrap(cache, join, { key: String, tll: 1 } as never)).toThrow(
    "wrap.tll: unknown option; did you mean 'ttl'?",
  );
  for (const wrong of ['join', undefined, null, []]) {
    expect(() => wrap(cache, join, wrong as never)).toThrow(
      "wrap: expected an object such as { key: (id) => 'product:' + id }, got",
    );
  }
  expect(() => wrap(cache, join, { ttl: '5m' } as never)).toThrow(
    'wrap.key: expected a function, got undefined',
  );
  const signal = AbortSignal.abort();
  expect(() => wrap(cache, join, { key: String, signal } as never)).toThrow('wrap.signal: gives up one call');
  await cache.close();
});
