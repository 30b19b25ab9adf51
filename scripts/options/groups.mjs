/** Those of libmemcached, whose list of servers may be sorted. */
const SORTED = new Set(['KetamaOptions', 'LibmemcachedConsistentOptions', 'LibmemcachedModulaOptions']);

/**
 * Every part of the page of options: its declarations, each by its file below lib/, its name, and the readers that go with it
 * where they are to be had.
 */
export const GROUPS = [
  {
    title: 'The module',
    text: '`MemcachedModule.forRoot` takes all options of the client, and these. `isGlobal` and `name` stand beside the factory in `forRootAsync`.',
    declared: [
      ['options/module-options', 'MemcachedModuleOptions', 'MODULE_OPTIONS'],
      ['options/module-options', 'MemcachedModuleExtras', 'MODULE_EXTRAS'],
    ],
  },
  {
    title: '`decorators`',
    declared: [['options/module-options', 'DecoratorsOptions', 'DECORATORS_OPTIONS']],
  },
  { title: 'The client', declared: [['options/client-options', 'MemcachedClientOptions', 'CLIENT_OPTIONS']] },
  { title: 'One of `servers`', declared: [['options/server-options', 'ServerOptions', 'SERVER_OPTIONS']] },
  {
    title: '`discovery`',
    text: 'A function that answers the list, or one of these.',
    declared: [['options/discovery-options', 'DiscoveryInterval', 'DISCOVERY_INTERVAL']],
  },
  {
    title: "`discovery: { type: 'dns' }`",
    declared: [['options/discovery-options', 'DnsDiscovery', 'DNS_DISCOVERY']],
  },
  {
    title: "`discovery: { type: 'elasticache' }`",
    declared: [['options/discovery-options', 'ElastiCacheDiscovery', 'ELASTICACHE_DISCOVERY']],
  },
  {
    title: "`discovery: { type: 'function' }`",
    declared: [['options/discovery-options', 'FunctionDiscovery', 'FUNCTION_DISCOVERY']],
  },
  {
    title: '`distribution`',
    text: 'A name, such as `ketama`, a function of your own, or settings: these, and those that go with their `type`. [distributions.md](distributions.md) says which to take.',
    declared: [['options/distribution-options', 'CommonDistributionOptions']],
  },
  ...[
    ['ketama', 'KetamaOptions'],
    ['libmemcached-consistent', 'LibmemcachedConsistentOptions'],
    ['libmemcached-modula', 'LibmemcachedModulaOptions'],
    ['python-memcached', 'PythonMemcachedOptions'],
    ['rendezvous', 'RendezvousOptions'],
    ['twemproxy-ketama', 'TwemproxyKetamaOptions'],
    ['twemproxy-modula', 'TwemproxyModulaOptions'],
    ['spymemcached-modulo', 'SpymemcachedModuloOptions'],
    ['spymemcached-ketama', 'SpymemcachedKetamaOptions'],
    ['npm-memcached', 'NpmMemcachedOptions'],
    ['npm-memcache-ketama', 'NpmMemcacheKetamaOptions'],
    ['npm-memcache-modula', 'NpmMemcacheModulaOptions'],
  ].map(([type, name]) => ({
    title: `\`distribution: { type: '${type}' }\``,
    declared: [
      ['options/distribution-options', name],
      ...(SORTED.has(name) ? [['options/distribution-options', 'SortHosts']] : []),
    ],
  })),
  { title: '`codec`', declared: [['options/codec-options', 'CodecOptions', 'CODEC_OPTIONS']] },
  { title: '`codec.seal`', declared: [['options/codec-options', 'SealOptions', 'SEAL_OPTIONS']] },
  {
    title: '`cache`, and the policy of one call',
    text: 'What stands in `cache` is the default of every call, every decorator and every `@HttpCache` that takes the option.',
    declared: [['options/cache-options', 'CachePolicy', ['options/cache-policy', 'POLICY']]],
  },
  {
    title: '`cache` alone',
    declared: [['options/cache-options', 'MemcachedCacheOptions', ['options/cache-policy', 'CACHE']]],
  },
  {
    title: '`cache.near`',
    declared: [['options/near-options', 'NearOptions', ['options/near-options', 'NEAR']]],
  },
  {
    title: '`update`',
    declared: [['options/cache-options', 'UpdateOptions', ['options/cache-policy', 'UPDATE']]],
  },
  {
    title: '`invalidate`',
    declared: [['options/cache-options', 'InvalidateOptions', ['options/cache-policy', 'INVALIDATE']]],
  },
  {
    title: '`withLock`',
    declared: [['options/cache-options', 'WithLockOptions', ['options/lock-options', 'LOCK']]],
  },
  { title: '`@Cacheable`', declared: [['options/cacheable-options', 'CacheableOptions', 'CACHEABLE']] },
  { title: '`@CacheBatch`', declared: [['options/cache-batch-options', 'CacheBatchOptions', 'CACHE_BATCH']] },
  { title: '`@CachePut`', declared: [['options/cache-put-options', 'CachePutOptions', 'CACHE_PUT']] },
  { title: '`@CacheEvict`', declared: [['options/cache-evict-options', 'CacheEvictOptions', 'CACHE_EVICT']] },
  { title: '`@CasUpdate`', declared: [['options/cas-update-options', 'CasUpdateOptions', 'CAS_UPDATE']] },
  {
    title: '`@CacheDefaults`',
    declared: [['options/cache-defaults-options', 'CacheDefaultsOptions', 'CACHE_DEFAULTS']],
  },
  {
    title: '`@HttpCache`',
    declared: [['options/http-cache-options', 'HttpCacheOptions', 'HTTP_CACHE_OPTIONS']],
  },
  {
    title: 'The dashboard',
    text: '`MemcachedDashboardModule.forRoot` takes these, and where the page is: [docs/dashboard.md](dashboard.md#options).',
    declared: [['options/dashboard-options', 'DashboardOptions', 'DASHBOARD_OPTIONS']],
  },
  {
    title: 'Health checks',
    declared: [
      ['options/health-options', 'HealthOptions', 'HEALTH_OPTIONS'],
      ['options/health-options', 'ClusterCheckOptions', 'HEALTH_OPTIONS'],
    ],
  },
  {
    title: 'Commands of the client',
    text: 'The last argument of each takes these, and those of its kind below.',
    declared: [['client/command-options', 'CommandOptions']],
  },
  {
    title: '`get`, `getMany`, `gets`, `getAndTouch` of the client',
    declared: [['client/command-options', 'ReadOptions']],
  },
  {
    title: '`set`, `setMany`, `add`, `replace`, `cas` of the client',
    declared: [['client/command-options', 'StoreOptions']],
  },
  { title: '`incr`, `decr` of the client', declared: [['client/command-options', 'CounterOptions']] },
  { title: '`count` of the client', declared: [['client/command-options', 'CountOptions']] },
  { title: '`delete` of the client', declared: [['client/command-options', 'DeleteOptions']] },
  {
    title: '`invalidateKey` of the client',
    declared: [['client/command-options', 'InvalidateKeyOptions']],
  },
  { title: '`keys` of the client', declared: [['client/command-options', 'KeysOptions']] },
  { title: '`leaseGet` of the client', declared: [['client/command-options', 'LeaseOptions']] },
  { title: '`wrap`', declared: [['cache/wrap', 'WrapOptions']] },
  {
    title: '`createKeyvStore`',
    text: 'Of `nestjs-memcached/keyv`: [keyv.md](keyv.md).',
    declared: [['adapters/keyv-store', 'KeyvStoreOptions']],
  },
  {
    title: '`createCacheManagerStore`',
    text: 'Of `nestjs-memcached/keyv`: [keyv.md](keyv.md).',
    declared: [['adapters/cache-manager-store', 'CacheManagerStoreOptions']],
  },
  {
    title: '`MemcachedThrottlerStorage`',
    text: 'Of `nestjs-memcached/throttler`: [throttler.md](throttler.md).',
    declared: [['adapters/throttler-storage', 'ThrottlerStorageOptions']],
  },
  {
    title: '`MemcachedSessionStore`',
    text: 'Of `nestjs-memcached/session`: [session.md](session.md).',
    declared: [['adapters/session-store', 'SessionStoreOptions']],
  },
  {
    title: '`createRedisBus`',
    text: 'Of `nestjs-memcached/bus/redis`: [near-cache-bus.md](near-cache-bus.md).',
    declared: [['adapters/redis-bus', 'RedisBusOptions']],
  },
  {
    title: '`createRabbitmqBus`',
    text: 'Of `nestjs-memcached/bus/rabbitmq`: [near-cache-bus.md](near-cache-bus.md).',
    declared: [['adapters/rabbitmq-bus', 'RabbitmqBusOptions']],
  },
  {
    title: '`instrument` for OpenTelemetry',
    text: 'Of `nestjs-memcached/opentelemetry`: [observability.md](observability.md).',
    declared: [['opentelemetry/instrument-options', 'InstrumentOptions']],
  },
  {
    title: '`instrument` for Prometheus',
    text: 'Of `nestjs-memcached/prometheus`: [observability.md](observability.md).',
    declared: [['prometheus/prometheus-options', 'PrometheusOptions']],
  },
  {
    title: '`MemcachedTestingModule`',
    text: 'Of `nestjs-memcached/testing`: [testing.md](testing.md).',
    declared: [['testing/module/memcached-testing.module', 'MemcachedTestingOptions']],
  },
  {
    title: '`MemcachedServer.start`',
    text: 'Of `nestjs-memcached/testing`: [testing.md](testing.md).',
    declared: [['testing/memcached-server', 'MemcachedServerOptions']],
  },
];
