import { ClientClosedError } from '../errors.js';
import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from '../timers.js';

/** Calls that cannot be sent yet. Each waits up to its own deadline, and none longer than the client lives. */
export class WaitingCalls {
  readonly #ends = new Set<(error: Error) => void>();

  /** How many there are. */
  get size(): number {
    return this.#ends.size;
  }

  /**
   * Waits for something.
   *
   * @param limitMs how long.
   * @param late makes the error of a wait that was in vain.
   */
  until<Value>(what: Promise<Value>, limitMs: number, late: () => Error): Promise<Value> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
        clearTimeout(timer);
        this.#ends.delete(end);
        reject(error);
      };
      const timer = setTimeout(() => end(late()), Math.min(limitMs, LONGEST_TIMER_MS));
      this.#ends.add(end);
      what.then((value) => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve(value);
      }, end);
    });
  }

  /** Ends every wait. */
  close(): void {
    for (const end of this.#ends) end(new ClientClosedError('the client was closed'));
  }
}
