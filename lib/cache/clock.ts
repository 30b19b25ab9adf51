import { setTimeout as schedule } from 'node:timers';

/** Time, as the cache needs it. Tests put their own in its place. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back, whatever happens to the time of day. */
  now(): number;

  /**
   * Calls back once, after `delayMs`.
   *
   * @returns a function that calls it off.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** The time of this process. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = schedule(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
