export { MemcachedSessionStore, type SessionStoreOptions, type StoredSession } from './session-store.js';
export type { MemcachedSource } from './shared-client.js';
