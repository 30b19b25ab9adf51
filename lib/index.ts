// Nest: the module, the service, the health indicator.
export { MemcachedModule } from './nest/memcached.module.js';
export { MemcachedService } from './nest/memcached.service.js';
export {
  getMemcachedClientToken,
  getMemcachedToken,
  InjectMemcached,
  InjectMemcachedClient,
} from './nest/tokens.js';
export type {
  DecoratorsOptions,
  MemcachedModuleExtras,
  MemcachedModuleOptions,
} from './options/module-options.js';
export type { MemcachedModuleAsyncOptions, MemcachedOptionsFactory } from './nest/async-options.js';
export { MemcachedHealthIndicator } from './nest/health/memcached.health.js';
export type {
  MemcachedHealthEntry,
  MemcachedHealthResult,
  MemcachedNodeEntry,
} from './nest/health/memcached.health.js';
export type { ClusterCheckOptions, HealthOptions } from './options/health-options.js';
export type { HealthState } from './nest/health/judge-cluster.js';
export type { HealthReason, HealthReasonCode } from './nest/health/judge-node.js';
export type { ServerFigures } from './nest/server-figures.js';

// Decorators, and the keys they make.
export { Cacheable } from './nest/decorators/cacheable.decorator.js';
export type { CacheableOptions } from './options/cacheable-options.js';
export { CacheBatch } from './nest/decorators/cache-batch.decorator.js';
export type { CacheBatchOptions } from './options/cache-batch-options.js';
export { CacheDefaults } from './nest/decorators/cache-defaults.decorator.js';
export type { CacheDefaultsOptions } from './options/cache-defaults-options.js';
export { CacheEvict } from './nest/decorators/cache-evict.decorator.js';
export type { CacheEvictOptions } from './options/cache-evict-options.js';
export { CachePut } from './nest/decorators/cache-put.decorator.js';
export type { CachePutOptions } from './options/cache-put-options.js';
export { CasUpdate } from './nest/decorators/cas-update.decorator.js';
export type { CasUpdateOptions } from './options/cas-update-options.js';
export { HttpCache } from './nest/http/http-cache.decorator.js';
export { HttpCacheInterceptor } from './nest/http/http-cache.interceptor.js';
export type { Audience, HttpCacheOptions, HttpRequest } from './options/http-cache-options.js';
export { Current } from './nest/decorators/current.decorator.js';
export { Loading } from './nest/decorators/loading.decorator.js';
export { forceFresh } from './nest/instance/force-fresh.js';
export type { VaryBy, VarySources } from './options/vary-by.js';
export type {
  AnyMethod,
  BatchDecoratorFor,
  IdOf,
  MethodDecoratorFor,
  ResultOf,
  RestOf,
  RowOf,
} from './nest/decorators/method-types.js';
export type { ClassesOption } from './options/classes-option.js';
export type { KeyOption, ResultKeyOption } from './options/key-option.js';
export { cacheKey } from './nest/keys/key-template.js';
export type { CacheKeyPart } from './nest/keys/canonical.js';

// The cache, and its store on memcached.
export { CacheEngine } from './cache/cache-engine.js';
export type { CachePorts } from './cache/cache-ports.js';
export { KEEP, type Updater } from './cache/cas-update.js';
export type { Clock } from './cache/clock.js';
export { wrap, type WrapOptions } from './cache/wrap.js';
export type { PendingSet } from './cache/cache-writes.js';
export type { CachedItem } from './cache/item-commands.js';
export type { BatchContext, BatchLoader, LoadContext, Loader } from './cache/load-context.js';
export type { Locked } from './cache/lock.js';
export type { CacheAudiences, CacheCounters, CacheHappening, CacheObserver } from './cache/cache-events.js';
export type { CacheEntry, CacheReading, CacheStore, TagState, TagVersion } from './cache/store.js';
export { ClientStore } from './store/client-store.js';
export type { EpochPlace, EpochReading, EpochStore } from './near/epoch-store.js';
export type { KeptAs, KeptValue } from './near/kept-value.js';
export type { NearCacheReport } from './near/near-cache.js';
export type { NearOptions } from './options/near-options.js';
export type {
  MemcachedCacheOptions,
  CacheDeleteOptions,
  CacheGetOptions,
  CachePolicy,
  InvalidateOptions,
  ItemOptions,
  WithLockOptions,
  Ttl,
  UpdateOptions,
} from './options/cache-options.js';
export type { StandardSchema } from './options/standard-schema.js';
export type { ResolvedPolicy } from './options/cache-policy.js';

// The client, usable without Nest.
export { MemcachedClient } from './client/client.js';
export type {
  CommandOptions,
  CounterOptions,
  CountOptions,
  DeleteOptions,
  InvalidateKeyOptions,
  KeysOptions,
  LeaseOptions,
  ReadOptions,
  StoreOptions,
} from './client/command-options.js';
export type { NodeStatus } from './client/server-commands.js';
export type { ClientEvents, NodeEvent, ServersEvent } from './client/events.js';
export { ManyResult, type PartFailure } from './client/many-result.js';
export type { CasResult, CasToken, Counted, LeaseRead, Lookup, ValueWithCas } from './client/results.js';
export type {
  Figures,
  FiguresByNumber,
  GeneralStats,
  SettingsStats,
  StatsByGroup,
  StatsGroup,
  StatValue,
} from './client/stats.js';
export type { NodeState } from './cluster/node.js';
export type { Latency } from './cluster/round-trips.js';
export type { MemcachedClientOptions, Failover } from './options/client-options.js';
export type {
  DiscoveryFunction,
  DiscoveryInterval,
  DnsDiscovery,
  ElastiCacheDiscovery,
  FunctionDiscovery,
  ServerDiscovery,
} from './options/discovery-options.js';
export type { Duration } from './options/duration.js';
export type { CustomDistribution, DistributionServer } from './custom-distribution.js';
export type { ServerOptions, ServersOption } from './options/server-options.js';
export type {
  DistributionName,
  DistributionOption,
  DistributionOptions,
  HashName,
  HashOption,
} from './options/distribution-options.js';

// How values become bytes.
export type { Codec, Encoded } from './codec.js';
export type {
  ClassTransformer,
  CodecName,
  CodecOption,
  CodecOptions,
  Compression,
  Constructor,
  SealOptions,
  StoredClass,
} from './options/codec-options.js';
export type { SealKeyOption } from './options/seal-key.js';

// What carries the near cache's messages between processes.
export type { NearCacheBus, NearCacheBusListener } from './near-cache-bus.js';

// What can be listened to, by node:diagnostics_channel.
export type { CommandOutcome } from './client/command-facts.js';
export type {
  CommandMessage,
  NodeMessage,
  OwedMessage,
  ReconnectMessage,
  ServersMessage,
} from './client/diagnostics.js';
export type { CacheMessage } from './nest/cache-diagnostics.js';
export type { GetOrSetMessage, LoadMessage, RefreshMessage, TracedMessage } from './nest/trace-channels.js';
export type { ClusterReport, ServerReport } from './nest/cluster-report.js';
export type { UncachedCounts, UncachedReason } from './nest/instance/uncached-calls.js';

// What can be thrown.
export {
  CasConflictError,
  ClientClosedError,
  CodecError,
  ConnectionError,
  DecoratorError,
  InvalidArgumentError,
  InvalidOptionsError,
  LoaderTimeoutError,
  MemcachedError,
  type MemcachedErrorCode,
  type Outcome,
  OverloadError,
  ProtocolError,
  ServerError,
  CommandTimeoutError,
  UnsupportedError,
  ValueTooLargeError,
} from './errors.js';
