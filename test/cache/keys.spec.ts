import { describe, expect, it } from '@jest/globals';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import { InvalidArgumentError } from '../../lib/errors.js';
import { Fleet } from './support/fleet.js';

const missing = undefined as unknown as string;

describe('a key', () => {
  it.each<[string, (cache: CacheEngine, key: string) => Promise<unknown>]>([
    ['getOrSet', (cache, key) => cache.getOrSet(key, () => 1)],
    [
      'getOrSetMany',
      (cache, key) =>
        cache.getOrSetMany(
          [1],
          () => key,
          () => [1],
        ),
    ],
    ['peek', (cache, key) => cache.get(key)],
    ['put', (cache, key) => cache.set(key, 1)],
    ['invalidate', (cache, key) => cache.invalidate('a', key)],
    ['invalidateTags', (cache, key) => cache.invalidateTags('a', key)],
    ['withLock', (cache, key) => cache.withLock(key, { ttl: '1s' }, () => 1)],
    ['update', (cache, key) => cache.update<number>(key, () => 1)],
  ])(
    'that is missing or empty is refused by %s, before it could be taken for another missing one',
    async (_name, call) => {
      const fleet = new Fleet();
      const { cache, store } = fleet.start();
      await expect(call(cache, missing)).rejects.toThrow(InvalidArgumentError);
      await expect(call(cache, missing)).rejects.toThrow('key: expected a non-empty string, got undefined');
      await expect(call(cache, '')).rejects.toThrow("key: expected a non-empty string, got ''");
      expect(store.log).toEqual([]);
    },
  );

  it('that the store refuses is an error of the caller, not of the store', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const refusal = new InvalidArgumentError('key is longer than 250 bytes');
    store.before = () => {
      throw refusal;
    };
    await expect(cache.getOrSet('k', () => 1)).rejects.toBe(refusal);
    await expect(cache.get('k')).rejects.toBe(refusal);
    await expect(cache.set('k', 1)).rejects.toBe(refusal);
    await expect(cache.invalidate('k')).rejects.toBe(refusal);
    expect(cache.counters.storeError).toBe(0);
  });

  it('may be any word, of Object.prototype as well', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['__proto__'], namespaces: ['constructor'] });
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await expect(cache.getOrSet(key, () => `value of ${key}`)).resolves.toBe(`value of ${key}`);
      await expect(cache.getOrSet(key, () => 'another')).resolves.toBe(`value of ${key}`);
    }
  });
});
