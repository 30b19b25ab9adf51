import { MemcachedSessionStore } from '../../../lib/adapters/session.js';

// Was: new (MemcachedStore(session))({ hosts: ['10.0.0.1:11211'], prefix: 'sess:' })
export const store = new MemcachedSessionStore({ servers: '10.0.0.1:11211' });
