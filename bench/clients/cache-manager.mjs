import { createCache } from 'cache-manager';
import { ofCacheManager } from './cache-manager-store.mjs';
import { openKeyv } from './keyv-memcache.mjs';

export async function open({ servers }) {
  const keyv = openKeyv(servers);
  // A server that is away would end the process otherwise.
  keyv.on('error', () => undefined);
  return ofCacheManager(createCache({ stores: [keyv] }), () => keyv.store.client.close());
}
