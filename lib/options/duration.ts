import { InvalidArgumentError } from '../errors.js';

/**
 * A span of time: a number of **milliseconds**, or a number with its unit.
 *
 * @example `250`, `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration that a timer of Node's runs for, in whole days. */
export const LONGEST_TIMED_MS = 24 * UNIT_MS.d;

const FORMAT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Reads a duration.
 *
 * @param duration milliseconds, or a text with a unit.
 * @param name what the duration is for, as the message should call it.
 * @returns milliseconds, finite and not negative.
 * @throws {InvalidArgumentError} for anything else; the message shows the accepted forms.
 */
export function toMilliseconds(duration: Duration, name: string): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else if (typeof duration === 'string') {
    const match = FORMAT.exec(duration);
    if (match) return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  }
  throw new InvalidArgumentError(
    `${name}: expected a number of milliseconds or a text like '500ms', '30s', '5m', '2h', '7d', got ${shown(duration)}`,
  );
}

/**
 * Reads a ttl and turns it into the whole seconds memcached counts in; fractions round up.
 *
 * @param ttl a duration of at least one second.
 * @param name what the ttl is for, as the message should call it.
 * @returns whole seconds, at least 1.
 * @throws {InvalidArgumentError} below one second, with the likely intent: `60` is 60 ms, `'60s'` was meant.
 */
export function toTtlSeconds(ttl: Duration, name = 'ttl'): number {
  const milliseconds = toMilliseconds(ttl, name);
  if (milliseconds < 1000) {
    const intent = typeof ttl === 'number' && ttl > 0 ? `; did you mean '${ttl}s'?` : '';
    throw new InvalidArgumentError(
      `${name}: ${milliseconds} ms is below one second, the smallest ttl memcached can count${intent}`,
    );
  }
  return Math.ceil(milliseconds / 1000);
}

/** A duration as a user would write it, in the largest unit that keeps it whole. */
export function writtenDuration(milliseconds: number): string {
  const units = Object.entries(UNIT_MS).toReversed();
  const [unit, length] = units.find(([, each]) => milliseconds > 0 && milliseconds % each === 0) ?? ['ms', 1];
  return milliseconds === 0 ? '0' : `${milliseconds / length}${unit}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
