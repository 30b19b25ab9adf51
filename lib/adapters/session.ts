export { MemcachedSessionStore, type SessionStoreOptions } from './session-store.js';
export type { MemcachedSource } from './shared-client.js';
export type { StoredSession } from './stored-session.js';
