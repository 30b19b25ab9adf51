import { InvalidOptionsError } from '../errors.js';
import { readCodec, type CodecOption, type ResolvedCodecOptions } from './codec-options.js';
import type { Duration } from './duration.js';
import {
  bool,
  described,
  duration,
  integer,
  oneOf,
  optional,
  readObject,
  text,
  timer,
  withDefault,
  type Shape,
} from './schema.js';
import {
  readDiscovery,
  type DiscoveryFunction,
  type ServerDiscovery,
  type ResolvedDiscovery,
} from './discovery-options.js';
import { frozenDistribution, type DistributionOption } from './distribution-options.js';
import { readServers, type ServerAddress, type ServersOption } from './server-options.js';

/** What happens to a command whose server is away. */
export type Failover =
  /** It rejects with a typed error. */
  | 'error'
  /** Reads miss; writes are dropped and counted, and say so in their result. */
  | 'miss'
  /** The next server in the distribution's order takes it. */
  | 'next';

/** Options of a `MemcachedClient`. */
export interface MemcachedClientOptions {
  /**
   * The servers of the cluster, in the order in which every client of the fleet lists them.
   *
   * @default '127.0.0.1:11211'; none with `discovery`
   */
  servers?: ServersOption | undefined;

  /**
   * Where the list of servers comes from, when it changes by itself: asked at the start and then at every interval.
   * `servers`, if given, serve until the first answer. A failed attempt leaves the last list in place.
   */
  discovery?: ServerDiscovery | DiscoveryFunction | undefined;

  /**
   * Which server gets a key: a name, a name with settings, or a function. A fleet agrees on one.
   *
   * @default 'ketama'
   */
  distribution?: DistributionOption | undefined;

  /**
   * Stands before every key on the wire, and is hashed with it.
   *
   * @default ''
   */
  keyPrefix?: string | undefined;

  /**
   * How values become bytes: `'default'`, `'json'`, `'raw'`, `'v8'`, the way of another client (`'python'`, `'php'`, …),
   * settings with compression and sealing, or a codec of your own.
   *
   * @default 'default'
   */
  codec?: CodecOption | undefined;

  /**
   * What becomes of keys that memcached does not take as they are.
   *
   * `encode`: a key with blanks or control characters, or of over 250 bytes, keeps its beginning and is told apart by its
   * SHA-256; `refuse`: such a key is an `InvalidArgumentError`. An empty key is always one.
   *
   * @default 'encode'
   */
  unsafeKeys?: 'encode' | 'refuse' | undefined;

  /**
   * The dialect spoken: `auto` asks each server at each connect, and speaks `classic` with twemproxy and memcached
   * before 1.6.10.
   *
   * @default 'auto'
   */
  protocol?: 'auto' | 'meta' | 'classic' | undefined;

  /**
   * Longest wait for a reply, from the call on; a `Duration` of at least 1 ms. What does not count is time in which this
   * process stands still, or is at work on replies that stream in; while it waits for more of them, half of the time
   * counts, so that a server that drips keeps nobody for more than twice as long.
   *
   * @default '500ms'
   */
  commandTimeout?: Duration | undefined;

  /**
   * Longest time to open a connection, negotiation included; a `Duration` of at least 1 ms.
   *
   * @default '1s'
   */
  connectTimeout?: Duration | undefined;

  /**
   * How long `close()` waits for requests in flight before it rejects them; 0 rejects them at once.
   *
   * @default '2s'
   */
  drainTimeout?: Duration | undefined;

  /**
   * What happens to a command whose server is away: it rejects (`error`), a read misses and a write says that it was dropped
   * (`miss`), or the next server takes it, whose values are found again at the next outage (`next`).
   *
   * @default 'error'
   */
  failover?: Failover | undefined;

  /**
   * Failures in a row, probes included, after which a server counts as down; at least 1. Commands are no longer sent to
   * it from the first time-out on, until a probe is answered.
   *
   * @default 2
   */
  failuresToDown?: number | undefined;

  /**
   * Wait between two probes of a server that is away: from `min`, doubled each time up to `max`, each wait made up to a
   * quarter shorter by chance.
   *
   * @default { min: '50ms', max: '400ms' }
   */
  reconnectDelay?: { min?: Duration | undefined; max?: Duration | undefined } | undefined;

  /**
   * Idle time after which TCP asks whether the peer is still there, in whole seconds; 0 never asks.
   *
   * @default '30s'
   */
  keepAlive?: Duration | undefined;

  /**
   * Whether messages of the diagnostics channels name keys; values are never in them.
   *
   * @default true
   */
  diagnosticKeys?: boolean | undefined;

  /**
   * What messages of the diagnostics channels call this client, and so traces and metrics.
   *
   * @default the `name` of the module, `'default'` without one
   */
  instance?: string | undefined;

  /**
   * Most requests that may wait for one server's replies; one more is an `OverloadError`. The default takes about 100 MB,
   * which fits a container of 512 MB.
   *
   * @default 100_000
   */
  maxInFlight?: number | undefined;

  /**
   * Most bytes that requests to one server may hold until they are answered, values and 512 for each request; more is an
   * `OverloadError`, unless it is a single one.
   *
   * @default 128 MiB
   */
  maxQueuedBytes?: number | undefined;

  /**
   * Invalidations remembered one by one for a server that is away, at about 80 bytes each. Further ones are known again when
   * their key is asked for, and looked for among the server's keys when it is back.
   *
   * @default 250_000
   */
  maxOwedDeletes?: number | undefined;

  /**
   * Largest value stored, in bytes as stored; 0 follows the server's own item limit (`-I`), which it is asked for at
   * connect. In the classic dialect, 1 MiB is assumed unless this option says more.
   *
   * @default 0
   */
  maxValueBytes?: number | undefined;
}

/** Client options with nothing left open: complete, in milliseconds, frozen; what takes them asks no more. */
export class ResolvedClientOptions {
  declare readonly servers: readonly ServerAddress[];
  declare readonly discovery: ResolvedDiscovery | undefined;
  declare readonly distribution: DistributionOption;
  declare readonly keyPrefix: string;
  declare readonly codec: ResolvedCodecOptions;
  declare readonly unsafeKeys: 'encode' | 'refuse';
  declare readonly protocol: 'auto' | 'meta' | 'classic';
  declare readonly commandTimeout: number;
  declare readonly connectTimeout: number;
  declare readonly drainTimeout: number;
  declare readonly failover: Failover;
  declare readonly failuresToDown: number;
  declare readonly reconnectDelay: { readonly min: number; readonly max: number };
  declare readonly keepAlive: number;
  declare readonly diagnosticKeys: boolean;
  declare readonly instance: string;
  declare readonly maxInFlight: number;
  declare readonly maxQueuedBytes: number;
  declare readonly maxOwedDeletes: number;
  declare readonly maxValueBytes: number;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(options: MemcachedClientOptions) {
    const read = readObject<ResolvedClientOptions>(options, '', CLIENT_OPTIONS, serversInPlaceOf);
    const isPlaced = read.servers.length > 0 || read.discovery !== undefined;
    Object.assign(this, read, isPlaced ? {} : { servers: readServers(DEFAULT_SERVER, 'servers') });
    Object.freeze(this);
  }
}

/** The same as a mere shape: what is changed for one server or one connection is no longer as the user wrote it. */
export type ClientSettings = Pick<ResolvedClientOptions, keyof ResolvedClientOptions>;

const DEFAULT_SERVER = '127.0.0.1:11211';

/** What the module and the client are called that nobody named. */
export const DEFAULT_NAME = 'default';

/** How options are written, for whoever passed servers alone. */
export function serversInPlaceOf(given: unknown): string {
  const isShown = typeof given === 'string' && given !== '' && !given.includes('@');
  return `{ servers: '${isShown ? given : DEFAULT_SERVER}' }`;
}

const MIB = 1024 * 1024;

const RECONNECT_DELAY: Shape<ResolvedClientOptions['reconnectDelay']> = {
  min: withDefault(timer(1), 50),
  max: withDefault(timer(1), 400),
};

const DEFAULT_DELAY = "{ min: '50ms', max: '400ms' }";

const readReconnectDelay = described(
  (value, path) => {
    const given: { min?: unknown; max?: unknown } = value === undefined ? {} : (value as object);
    const delay = readObject(given, path, RECONNECT_DELAY, DEFAULT_DELAY);
    if (delay.min <= delay.max) return delay;
    // Only one of them given: the other's default gives way.
    if (given.max === undefined) return Object.freeze({ min: delay.min, max: delay.min });
    if (given.min === undefined) return Object.freeze({ min: delay.max, max: delay.max });
    throw new InvalidOptionsError(`${path}.min`, 'expected no more than max');
  },
  { default: DEFAULT_DELAY, shape: RECONNECT_DELAY },
);

/** What systems count in whole seconds, and Linux up to 32,767. */
const readKeepAlive = described(
  (value, path) => (duration()(value, path) === 0 ? 0 : duration(1000, 9 * 3_600_000)(value, path)),
  { type: 'Duration', range: '0, or from 1s to 9h' },
);

/** One reader per client option; modules that take more options spread it into their own shape. */
export const CLIENT_OPTIONS: Shape<ResolvedClientOptions> = {
  servers: withDefault(readServers, []),
  discovery: optional(readDiscovery),
  distribution: withDefault<DistributionOption>(frozenDistribution, 'ketama'),
  keyPrefix: withDefault(text({ allowEmpty: true }), ''),
  codec: readCodec,
  unsafeKeys: withDefault(oneOf('encode', 'refuse'), 'encode'),
  protocol: withDefault(oneOf('auto', 'meta', 'classic'), 'auto'),
  commandTimeout: withDefault(timer(1), 500),
  connectTimeout: withDefault(timer(1), 1000),
  drainTimeout: withDefault(timer(), 2000),
  failover: withDefault(oneOf('error', 'miss', 'next'), 'error'),
  failuresToDown: withDefault(integer(1), 2),
  reconnectDelay: readReconnectDelay,
  keepAlive: withDefault(readKeepAlive, 30_000),
  diagnosticKeys: withDefault(bool, true),
  instance: withDefault(text(), DEFAULT_NAME),
  maxInFlight: withDefault(integer(1), 100_000),
  maxQueuedBytes: withDefault(integer(1024), 128 * MIB),
  maxOwedDeletes: withDefault(integer(0), 250_000),
  maxValueBytes: withDefault(integer(0), 0),
};
