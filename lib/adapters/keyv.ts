export { createKeyvStore, type Keyv5Store, type Keyv6Store, type KeyvStoreOptions } from './keyv-store.js';
export {
  type MemcachedCacheManagerStore,
  type CacheManagerStoreOptions,
  createCacheManagerStore,
  type RawValue,
} from './cache-manager-store.js';
export type { MemcachedSource } from './shared-client.js';
