/**
 * Who takes part in the workloads of commands.
 *
 * `kind` says what a ratio to it means:
 *
 * - `floor`: a bare socket that does the same bytes
 * - `ours`
 * - `rival`: a memcached client for Node, or what stands on one
 * - `redis`: a Redis client; left out where there is no redis-server
 *
 * `client.module` exports, as `client.export` (`open` if that is missing), a function of `{ servers, redis, tls, values }`
 * and `client.options`, which resolves with what the workload calls: `get`, `set`, `getMany` (a map), `getOrSet`, `close`.
 * `values` says what a value is: `text`, `bytes` or `json`.
 */
export const CONTENDERS = {
  'raw socket, mg': { kind: 'floor', client: { module: './floor/meta.mjs' } },
  'raw socket, get': { kind: 'floor', client: { module: './floor/classic.mjs' } },
  'raw socket, mg, no promises': { kind: 'floor', client: { module: './floor/meta.mjs' }, callbacks: true },
  'raw socket, get, no promises': {
    kind: 'floor',
    client: { module: './floor/classic.mjs' },
    callbacks: true,
  },
  'nestjs-memcached': { kind: 'ours', client: { module: './clients/nestjs-memcached.mjs' } },
  memjs: { kind: 'rival', client: { module: './clients/memjs.mjs' } },
  memcached: { kind: 'rival', client: { module: './clients/memcached.mjs' } },
  memcache: { kind: 'rival', client: { module: './clients/memcache.mjs' } },
  'memcache-client': { kind: 'rival', client: { module: './clients/memcache-client.mjs' } },
  '@keyv/memcache': { kind: 'rival', client: { module: './clients/keyv-memcache.mjs' } },
  ioredis: { kind: 'redis', client: { module: './clients/ioredis.mjs' } },
  'node-redis': { kind: 'redis', client: { module: './clients/node-redis.mjs' } },
};

export const FLOOR = 'raw socket, mg';
export const CLASSIC_FLOOR = 'raw socket, get';
export const OURS = 'nestjs-memcached';

/** The packages whose versions a result names. */
export const PACKAGES = [
  '@keyv/memcache',
  '@nestjs/cache-manager',
  '@nestjs/core',
  'autocannon',
  'bentocache',
  'cache-manager',
  'cacheable',
  'ioredis',
  'memcache',
  'memcache-client',
  'memcached',
  'memjs',
  'redis',
];

/** Some of them by name, without those named after `except`. */
export function clients({ kinds = ['floor', 'ours', 'rival', 'redis'], except = [] } = {}) {
  return Object.entries(CONTENDERS)
    .filter(([name, { kind, callbacks }]) => kinds.includes(kind) && !callbacks && !except.includes(name))
    .map(([name, contender]) => ({ name, ...contender }));
}

/** The floors without a promise per request, which show what a promise costs. */
export function withoutPromises() {
  return Object.entries(CONTENDERS)
    .filter(([, { callbacks }]) => callbacks)
    .map(([name, contender]) => ({ name, ...contender }));
}
