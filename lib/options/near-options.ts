import type { Duration } from './duration.js';
import {
  bool,
  described,
  duration,
  integer,
  optional,
  withDefault,
  type Reader,
  type Shape,
} from './schema.js';

/** Options of the near cache: values in this process, in front of memcached's. */
export interface NearOptions {
  /**
   * Most values that are kept; what was not read for the longest goes first.
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
   * is read. At least 20 ms. It is what `near` of a policy is by default.
   *
   * @default '1s'
   */
  maxAge?: Duration | undefined;

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
}

/** `NearOptions` with nothing left open. */
export interface ResolvedNearOptions {
  readonly maxItems: number;
  readonly maxBytes: number | undefined;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly maxValueBytes: number;
  readonly sealed: boolean;
}

/** The shortest time for which an answer about what has changed can be relied on. */
const SHORTEST_NEAR_MS = 20;

/** One reader for each option of the near cache. */
export const NEAR: Shape<ResolvedNearOptions> = {
  maxItems: withDefault(integer(1, 2 ** 24), 10_000),
  maxBytes: optional(integer(1), 'no bound'),
  maxAge: withDefault(duration(SHORTEST_NEAR_MS, 60_000), 1000),
  maxValueBytes: withDefault(integer(1), 65_536),
  sealed: withDefault(bool, false),
};

const nearFor = duration(SHORTEST_NEAR_MS, 60_000);

/** The option `near` of one policy: milliseconds, 0 for `false`. */
export const nearOfPolicy: Reader<number> = described(
  (value, path) => (value === false || value === undefined ? 0 : nearFor(value, path)),
  { type: 'Duration, false', range: nearFor.facts?.range, default: 'maxAge of the near cache' },
);
