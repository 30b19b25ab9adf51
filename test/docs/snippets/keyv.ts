import { Keyv } from 'keyv';
import type { MemcachedService } from '../../../lib/index.js';
import { createKeyvStore } from '../../../lib/adapters/keyv.js';

export function openSessions(memcached: MemcachedService): Keyv {
  return new Keyv({ store: createKeyvStore(memcached), namespace: 'sessions', ttl: 3_600_000 });
}
