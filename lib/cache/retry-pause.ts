import { BoundedMap } from '../bounded-map.js';
import type { Clock } from './clock.js';

/** Keys remembered at most; beyond that the longest known are forgotten, and may be tried early. */
const MAX_REMEMBERED = 10_000;

/** The pause doubles with each failure, up to so many times the first. */
const MAX_GROWTH = 32;

/** Which keys' loaders have failed of late, and are left alone for a while. */
export class RetryPause {
  readonly #clock: Clock;
  readonly #failing = new BoundedMap<string, Failing>(MAX_REMEMBERED);
  /** No loader has failed so far, so that nobody has to ask. */
  isUnused = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param firstMs the pause after the first failure in a row; 0 = none. */
  failed(key: string, error: unknown, firstMs: number): void {
    if (firstMs === 0) return;
    this.isUnused = false;
    const before = this.#failing.get(key);
    const pauseMs = before === undefined ? firstMs : Math.min(before.pauseMs * 2, firstMs * MAX_GROWTH);
    this.#failing.delete(key);
    this.#failing.set(key, { error, pauseMs, until: this.#clock.now() + pauseMs, held: '' });
  }

  succeeded(key: string): void {
    this.#failing.delete(key);
  }

  /** The last failure, while the pause after it lasts. */
  pausing(key: string): { readonly error: unknown } | undefined {
    const failing = this.#failing.get(key);
    return failing !== undefined && this.#clock.now() < failing.until ? failing : undefined;
  }

  /**
   * Keeps the right that a read won during the pause, to be used after it. Giving it back would only bring it to the
   * next read: another process could have won it since the failure, and did not.
   */
  hold(key: string, cas: string): void {
    const failing = this.#failing.get(key);
    if (failing !== undefined) failing.held = cas;
  }

  /** Takes out the right that others see as taken, if it is held here and the pause is over. */
  takeHeld(key: string, cas: string): boolean {
    const failing = this.#failing.get(key);
    if (failing?.held !== cas || this.#clock.now() < failing.until) return false;
    failing.held = '';
    return true;
  }
}

interface Failing {
  readonly error: unknown;
  readonly pauseMs: number;
  readonly until: number;
  /** The right that came back during the pause, by its cas. */
  held: string;
}
