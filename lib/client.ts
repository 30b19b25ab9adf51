// The client without the rest: nothing of Nest is loaded, for scripts, workers and functions that start anew each time.
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
export type { Ttl } from './options/cache-options.js';
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

// What can be listened to, by node:diagnostics_channel.
export type { CommandOutcome } from './client/command-facts.js';
export type {
  CommandMessage,
  NodeMessage,
  OwedMessage,
  ReconnectMessage,
  ServersMessage,
} from './client/diagnostics.js';

// What can be thrown.
export {
  ClientClosedError,
  CodecError,
  ConnectionError,
  InvalidArgumentError,
  InvalidOptionsError,
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
