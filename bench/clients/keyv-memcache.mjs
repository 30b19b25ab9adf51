import { KeyvMemcache } from '@keyv/memcache';
import { Keyv } from 'keyv';

/** The store of `@keyv/memcache` in a Keyv, as `cache-manager` and Nest's own cache module use it. */
export function openKeyv(servers) {
  return new Keyv({ store: new KeyvMemcache(servers.join(','), { timeout: 30, conntimeout: 30 }) });
}

export async function open({ servers }) {
  const keyv = openKeyv(servers);
  return {
    get: (key) => keyv.get(key),
    set: (key, value) => keyv.set(key, value),
    getMany: async (keys) => {
      const found = await keyv.getMany(keys);
      return new Map(keys.map((key, index) => [key, found[index]]));
    },
    close: () => keyv.store.client.close(),
  };
}
