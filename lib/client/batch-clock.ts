import { performance } from '../timers.js';

const NOW = Promise.resolve();

/**
 * A clock that is read once for all that ends with one read of a socket: the answers in it are handed out one after the other,
 * and what callers do with the first is no time of the next.
 */
export class BatchClock {
  #now = 0;
  #isRead = false;
  readonly #forget = (): void => {
    this.#isRead = false;
  };

  /** Milliseconds, as those of `performance.now`. To be asked in a continuation of what has ended. */
  now(): number {
    if (this.#isRead) return this.#now;
    this.#isRead = true;
    this.#now = performance.now();
    // Behind the continuations of all that has ended by now.
    void NOW.then(this.#forget);
    return this.#now;
  }
}
