import { BoundedMap } from '../bounded-map.js';
import type { Clock } from './clock.js';

/** Keys watched at most; beyond that the longest known are forgotten, which only delays a take-over. */
const MAX_WATCHED = 10_000;

/**
 * Remembers since when the right to refresh a value has been seen in other hands.
 *
 * memcached hands out the right to refresh a value once, and does not take it back from a process that died. It tells
 * neither who has it nor since when, but every change of the key changes its cas: whoever sees the same cas in other
 * hands for longer than the lease knows that its holder is overdue. A value's ttl would not tell: the right may have
 * been given out long after the value became stale.
 */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #seen = new BoundedMap<string, { readonly cas: string; readonly since: number }>(MAX_WATCHED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes that somebody else has the right.
   *
   * @returns whether that has been so for at least `leaseMs`.
   */
  overdue(key: string, cas: string, leaseMs: number): boolean {
    const now = this.#clock.now();
    const known = this.#seen.get(key);
    if (known !== undefined && known.cas === cas) return now - known.since >= leaseMs;
    this.#seen.delete(key);
    this.#seen.set(key, { cas, since: now });
    return false;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
