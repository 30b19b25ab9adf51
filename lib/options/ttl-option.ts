import { InvalidOptionsError } from '../errors.js';
import { type Duration, toMilliseconds, toTtlSeconds } from './duration.js';
import { atOption, described } from './schema.js';

/**
 * Reads a ttl.
 *
 * @returns whole seconds, at least 1; 0 = never expires.
 * @throws {InvalidOptionsError} with the path of the ttl.
 */
export function readTtl(value: unknown, path: string): number {
  return value === 'never' ? 0 : atOption(path, () => toTtlSeconds(value as Duration, path));
}

/** As `readTtl`, as an option. */
export const ttlOption = described(readTtl, { type: 'Ttl', range: 'at least 1s' });

/** Reads a span that is either nothing, which is 0, or at least one second. */
export const seconds = described(
  (value, path) =>
    atOption(path, () =>
      toMilliseconds(value as Duration, path) === 0 ? 0 : toTtlSeconds(value as Duration, path),
    ),
  { type: 'Duration', range: '0, or at least 1s' },
);

/** A ttl within a bound: whole seconds, of which 0 = never expires, and no bound. */
export function bounded(ttlSeconds: number, maxSeconds: number): number {
  if (maxSeconds === 0) return ttlSeconds;
  return ttlSeconds === 0 ? maxSeconds : Math.min(ttlSeconds, maxSeconds);
}

/** A span of at least one second, in whole seconds. */
export const atLeastOneSecond = described(
  (value, path) => {
    const read = readTtl(value, path);
    if (read > 0) return read;
    throw new InvalidOptionsError(path, 'expected a duration of at least one second');
  },
  { type: 'Duration', range: 'at least 1s' },
);
