export { MemcachedServer, type MemcachedServerOptions } from './memcached-server.js';
export { MemcachedTestingModule, type MemcachedTestingOptions } from './module/memcached-testing.module.js';
export { CacheProbe, type CountsOf, type KeyCounts } from './module/cache-probe.js';
export { FaultyServer } from './module/faulty-server.js';
