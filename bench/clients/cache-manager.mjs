import { createCache } from 'cache-manager';
import { openKeyv } from './keyv-memcache.mjs';

export async function open({ servers }) {
  const keyv = openKeyv(servers);
  const cache = createCache({ stores: [keyv] });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getOrSet: (key, loader) => cache.wrap(key, loader),
    close: () => keyv.store.client.close(),
  };
}
