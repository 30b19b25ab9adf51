import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

const MIB = 1024 * 1024;

/** Fifty values of 0.9 MB, of which compression leaves little. */
const COUNT = 50;
const VALUE = 'x'.repeat(900_000);
const KEYS = Array.from({ length: COUNT }, (_, index) => `big:${index}`);

let server: MemcachedServer;
let cache: MemcachedService;

beforeAll(async () => {
  server = await MemcachedServer.start();
  cache = new MemcachedService({
    servers: server.address,
    codec: { compression: 'zlib', compressOverBytes: 1000, maxReadBytes: 10 * MIB },
  });
  for (const key of KEYS) await cache.set(key, VALUE, { ttl: '1m' });
});

afterAll(async () => {
  await cache.close();
  await server.close();
});

/** How many of fifty are within ten megabytes. */
const WITHIN = Math.floor((10 * MIB) / VALUE.length);

describe('the values that one call reads from the cache have a bound together', () => {
  it('getMany: what is beyond it is a miss', async () => {
    const found = await cache.getMany<string>(KEYS);
    expect(found.size).toBe(WITHIN);
    expect(await cache.get(KEYS.at(-1)!)).toBe(VALUE);
  });

  it.each([{}, { tags: ['some'] }, { signal: new AbortController().signal }])(
    'getOrSetMany: what is beyond it is loaded anew (%j)',
    async (options) => {
      if ('tags' in options) for (const key of KEYS) await cache.set(key, VALUE, { ttl: '1m', ...options });
      const asked: string[] = [];
      const load = (missing: readonly string[]): Promise<Map<string, string>> => {
        asked.push(...missing);
        return Promise.resolve(new Map(missing.map((key) => [key, 'small'])));
      };
      const values = await cache.getOrSetMany(KEYS, (key) => key, load, options);
      expect(values.size).toBe(COUNT);
      expect(
        [...values.values()].map(({ length }) => length).filter((length) => length === VALUE.length),
      ).toHaveLength(WITHIN);
      expect(asked).toHaveLength(COUNT - WITHIN);
      for (const key of KEYS) await cache.set(key, VALUE, { ttl: '1m' });
    },
  );
});
