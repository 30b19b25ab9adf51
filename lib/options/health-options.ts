import type { Duration } from './duration.js';
import {
  bool,
  duration,
  number,
  optional,
  readObject,
  type Shape,
  text,
  timer,
  withDefault,
} from './schema.js';

/** Options of both checks of `MemcachedHealthIndicator`. */
export interface HealthOptions {
  /**
   * Name of the module instance whose servers are looked at.
   *
   * @default the instance that provides the indicator
   */
  name?: string | undefined;

  /**
   * How long a server may take to answer; at least 1 ms. The check itself takes a fifth of a second
   * longer at most.
   *
   * Short, since whoever asks for health waits for it, often with a time limit of its own.
   *
   * @default '1s'
   */
  timeout?: Duration | undefined;

  /**
   * Below this share of the weights that answers, the cluster is down; from 0 to 1.
   *
   * With less than half of it, most reads are misses, and the database bears what the cache was there for.
   *
   * @default 0.5
   */
  minUpWeight?: number | undefined;

  /**
   * Below this share of the weights that is well, the cluster is degraded; from 0 to 1.
   *
   * One server with something to complain about is worth a look, and costs no traffic: degraded fails no check.
   *
   * @default 1
   */
  degradedBelowWeight?: number | undefined;

  /**
   * Whether a cluster that is down makes the check fail. Without it the check says degraded, since an application whose
   * cache is away still answers, and taking it out of service would make the outage complete.
   *
   * @default false
   */
  critical?: boolean | undefined;
}

/** Options of `clusterCheck`, which judges each server by its `stats`. */
export interface ClusterCheckOptions extends HealthOptions {
  /**
   * Share of a server's connections (`-c`) in use above which there are too few left; from 0 to 1.
   *
   * memcached stops accepting at its limit, and one restart of a fleet can need the connections twice.
   *
   * @default 0.9
   */
  maxConnectionUse?: number | undefined;

  /**
   * How far a server's clock may be from ours.
   *
   * Ttls of more than 30 days travel as a point in time, so that a wrong clock makes them end at the wrong time.
   *
   * @default '10s'
   */
  maxClockDrift?: Duration | undefined;

  /**
   * How long after a restart a server counts as cold: reads of its keys miss until they have been computed again. Only a
   * restart between two looks is noticed.
   *
   * @default '1m'
   */
  warmUp?: Duration | undefined;
}

/** `ClusterCheckOptions` with nothing left open, in milliseconds. */
export interface ResolvedHealthOptions {
  readonly name: string | undefined;
  readonly timeout: number;
  readonly minUpWeight: number;
  readonly degradedBelowWeight: number;
  readonly critical: boolean;
  readonly maxConnectionUse: number;
  readonly maxClockDrift: number;
  readonly warmUp: number;
}

/** One reader for each option of both checks. */
export const HEALTH_OPTIONS: Shape<ResolvedHealthOptions> = {
  name: optional(text()),
  timeout: withDefault(timer(1), 1000),
  minUpWeight: withDefault(number(0, 1), 0.5),
  degradedBelowWeight: withDefault(number(0, 1), 1),
  critical: withDefault(bool, false),
  maxConnectionUse: withDefault(number(0, 1), 0.9),
  maxClockDrift: withDefault(duration(), 10_000),
  warmUp: withDefault(duration(), 60_000),
};

/**
 * Validates the options of a check.
 *
 * @throws {InvalidOptionsError} with the path of the wrong option.
 */
export function resolveHealthOptions(options: ClusterCheckOptions, check: string): ResolvedHealthOptions {
  return readObject<ResolvedHealthOptions>(options, check, HEALTH_OPTIONS, "{ timeout: '1s' }");
}
