import { isAnotherRun } from './server-runs.js';
import type { GeneralStats } from './stats.js';

/** What a server has done between two of its answers to `stats`, by the second. */
export interface ServerRates {
  readonly getsPerSecond: number;
  readonly setsPerSecond: number;
  readonly evictionsPerSecond: number;
  /** Hits among the reads between, from 0 to 1; absent where there was none. */
  readonly hitRatio?: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

/**
 * Compares two answers of one server.
 *
 * @param milliseconds between them, by our own clock: the server's counts whole seconds.
 * @returns `undefined` where the server has been restarted between them, or nothing lies between.
 */
export function ratesBetween(
  before: GeneralStats,
  now: GeneralStats,
  milliseconds: number,
): ServerRates | undefined {
  if (isAnotherRun(before, now) || milliseconds <= 0) return undefined;
  const grown = (name: string): number => growth(before, now, name);
  const perSecond = (name: string): number => (grown(name) * 1000) / milliseconds;
  const ratio = hitRatio(grown('get_hits'), grown('get_misses'));
  return {
    getsPerSecond: perSecond('cmd_get'),
    setsPerSecond: perSecond('cmd_set'),
    evictionsPerSecond: perSecond('evictions'),
    ...(ratio === undefined ? {} : { hitRatio: ratio }),
    bytesInPerSecond: perSecond('bytes_read'),
    bytesOutPerSecond: perSecond('bytes_written'),
  };
}

/** How much a figure has grown between two answers of one run; nothing where it was reset. */
export function growth(before: GeneralStats, now: GeneralStats, name: string): number {
  return Math.max(0, Number(now[name] ?? 0) - Number(before[name] ?? 0));
}

/** Hits among all reads, from 0 to 1; `undefined` where there were none. */
export function hitRatio(hits: number | undefined, misses: number | undefined): number | undefined {
  if (hits === undefined || misses === undefined || hits + misses <= 0) return undefined;
  return hits / (hits + misses);
}
