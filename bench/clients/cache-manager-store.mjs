import { createCache } from 'cache-manager';

/** cache-manager on this package's store. */
export async function open({ servers, from }) {
  const { createCacheManagerStore } = await import(
    from === undefined ? 'nestjs-memcached/keyv' : new URL('./adapters/keyv.js', from).href
  );
  const store = createCacheManagerStore({ servers, commandTimeout: '30s', connectTimeout: '30s' });
  return ofCacheManager(createCache({ stores: [store] }), () => store.disconnect());
}

/** What a workload of commands calls, on a cache of cache-manager. */
export function ofCacheManager(cache, close) {
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: async (keys) => {
      const found = await cache.mget(keys);
      return new Map(keys.map((key, index) => [key, found[index]]));
    },
    getOrSet: (key, loader) => cache.wrap(key, loader),
    close,
  };
}
