export {
  MemcachedThrottlerStorage,
  type ThrottlerRecord,
  type ThrottlerStorageOptions,
} from './throttler-storage.js';
export type { MemcachedSource } from './shared-client.js';
