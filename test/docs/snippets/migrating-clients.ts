import type { MemcachedClientOptions } from '../../../lib/index.js';

/** Beside processes with npm memcached, or with @andreafspeziale/nestjs-memcached, which is built on it. */
export const besideNpmMemcached: MemcachedClientOptions = {
  servers: '10.0.0.1:11211,10.0.0.2:11211=2',
  distribution: 'npm-memcached',
  codec: 'npm-memcached',
};

/** Beside processes with memjs. */
export const besideMemjs: MemcachedClientOptions = {
  servers: '10.0.0.1:11211,10.0.0.2:11211',
  distribution: 'memjs',
  codec: 'memjs',
};
