export { MemcachedServer, type MemcachedServerOptions } from './memcached-server.js';
