import { InvalidOptionsError } from '../errors.js';
import type { NearCacheBus } from '../near-cache-bus.js';
import type { Duration } from './duration.js';
import {
  bool,
  described,
  duration,
  integer,
  optional,
  readObject,
  text,
  withDefault,
  type Reader,
  type Shape,
} from './schema.js';

/** Options of the near cache: values in this process, in front of memcached's. */
export interface NearOptions {
  /**
   * Most values that are kept; what was not read for the longest goes first. With 0, none is: a process that only tells
   * others, by the `bus`, of what it changes.
   *
   * @default 10000
   */
  maxItems?: number | undefined;

  /**
   * Most bytes that are kept, counted as the values are stored in memcached, with their keys and 300 bytes for each entry.
   *
   * @default no bound
   */
  maxBytes?: number | undefined;

  /**
   * How much later than by memcached a change is noticed at most: a read that begins more than this after an invalidation has
   * returned gets nothing older, whatever is lost. Memcached is asked for what has changed twice in this time, while something
   * is read. At least 20 ms. It is what `near` of a policy is by default; with `false`, only what says `near` is kept.
   *
   * @default '1s'
   */
  maxAge?: Duration | false | undefined;

  /**
   * The largest value that is kept, in bytes as it is stored.
   *
   * @default 65536
   */
  maxValueBytes?: number | undefined;

  /**
   * Whether values are kept that `codec.seal` encrypts on memcached. They stand in this process's memory as they are.
   *
   * @default false
   */
  sealed?: boolean | undefined;

  /**
   * Tells the processes that have a near cache what has changed, within milliseconds: `nestjs-memcached/bus/redis`,
   * `nestjs-memcached/bus/rabbitmq`, or one of your own.
   *
   * @default none: changes are noticed within `maxAge`
   */
  bus?: NearCacheBus | undefined;

  /**
   * How long values are served while the bus is known to work, so that memcached is asked less often for what has changed. It
   * bounds what is noticed late in the one case that no process can know of: a change by a process that nobody on the bus has
   * ever heard of, or not for twice as long. At least `maxAge`. A policy whose `near` is shorter than `maxAge` does without the bus.
   *
   * @default 20 times `maxAge`
   */
  maxAgeWithBus?: Duration | undefined;

  /**
   * Without it, whoever listens to the bus can tell of a name that he guesses whether it was changed: what is sent are
   * hashes of names. The same in all processes.
   *
   * @default '', a key that everybody knows
   */
  busSecret?: string | undefined;
}

/** `NearOptions` with nothing left open. */
export interface ResolvedNearOptions {
  readonly maxItems: number;
  readonly maxBytes: number | undefined;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Whether it is that for policies that do not say `near`. */
  readonly byDefault: boolean;
  readonly maxValueBytes: number;
  readonly sealed: boolean;
  readonly bus: NearCacheBus | undefined;
  /** Milliseconds. */
  readonly maxAgeWithBus: number;
  readonly busSecret: string;
}

/** The shortest time for which an answer about what has changed can be relied on. */
const SHORTEST_NEAR_MS = 20;

type NearSettings = Omit<ResolvedNearOptions, 'maxAge' | 'byDefault' | 'maxAgeWithBus'> & {
  readonly maxAge: number | false;
  readonly maxAgeWithBus: number | undefined;
};

const MAX_AGE_MS = 1000;

const readMaxAge = duration(SHORTEST_NEAR_MS, 60_000);

const readBus: Reader<NearCacheBus> = described(
  (value, path) => {
    const { subscribe, publish, close } = (value ?? {}) as Partial<NearCacheBus>;
    if ([subscribe, publish, close].every((method) => typeof method === 'function'))
      return value as NearCacheBus;
    throw new InvalidOptionsError(
      path,
      'expected a bus, such as createRedisBus(client) makes, with subscribe, publish and close',
    );
  },
  { type: 'NearCacheBus' },
);

/** One reader for each option of the near cache. */
export const NEAR: Shape<NearSettings> = {
  maxItems: withDefault(integer(0, 2 ** 24), 10_000),
  maxBytes: optional(integer(1), 'no bound'),
  maxAge: withDefault<number | false>(
    described((value, path) => (value === false ? false : readMaxAge(value, path)), {
      type: 'Duration, false',
      range: readMaxAge.facts!.range!,
    }),
    MAX_AGE_MS,
    "'1s'",
  ),
  maxValueBytes: withDefault(integer(1), 65_536),
  sealed: withDefault(bool, false),
  bus: optional(readBus, 'none'),
  maxAgeWithBus: optional(duration(SHORTEST_NEAR_MS, 3_600_000), '20 times `maxAge`'),
  busSecret: withDefault(text({ allowEmpty: true }), ''),
};

/** The option `near` of the cache. @throws {InvalidOptionsError} with the path of the wrong part. */
export const readNear: Reader<ResolvedNearOptions> = described(
  (value, path) => {
    const settings = readObject<NearSettings>(value, path, NEAR, "{ maxAge: '1s' }");
    const maxAge = settings.maxAge === false ? MAX_AGE_MS : settings.maxAge;
    const { maxAgeWithBus = 20 * maxAge } = settings;
    if (maxAgeWithBus < maxAge)
      throw new InvalidOptionsError(`${path}.maxAgeWithBus`, 'expected at least maxAge');
    return Object.freeze({ ...settings, maxAge, byDefault: settings.maxAge !== false, maxAgeWithBus });
  },
  { type: 'object', shape: NEAR },
);

const nearFor = duration(SHORTEST_NEAR_MS, 60_000);

/** The option `near` of one policy: milliseconds, 0 for `false`. */
export const nearOfPolicy: Reader<number> = described(
  (value, path) => (value === false || value === undefined ? 0 : nearFor(value, path)),
  { type: 'Duration, false', range: nearFor.facts?.range, default: 'maxAge of the near cache' },
);
