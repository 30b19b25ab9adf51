import { BoundedMap } from '../bounded-map.js';
import type { Clock } from './clock.js';

/** Keys watched at most; beyond that the longest known are forgotten, which only delays a take-over. */
const MAX_WATCHED = 10_000;

/**
 * Remembers since when a right has been seen in other hands.
 *
 * memcached hands out the right to refresh a value once, and does not take it back from a process that died. It tells
 * neither who has it nor since when, but every change of the key changes its cas: whoever sees the same cas in other
 * hands for longer than the lease has to ask for a sign of life. A value's ttl would not tell: the right may have
 * been given out long after the value became stale.
 */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #seen = new BoundedMap<string, { readonly cas: string; readonly since: number }>(MAX_WATCHED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that somebody else has the right. */
  note(key: string, cas: string): void {
    if (this.#seen.get(key)?.cas === cas) return;
    this.restart(key, cas);
  }

  /** For how long the right has been seen in the same hands; 0 when it was not noted. */
  heldForMs(key: string, cas: string): number {
    const known = this.#seen.get(key);
    return known?.cas === cas ? this.#clock.now() - known.since : 0;
  }

  /** Whoever has the right has shown a sign of life. */
  restart(key: string, cas: string): void {
    this.#seen.delete(key);
    this.#seen.set(key, { cas, since: this.#clock.now() });
  }
}
