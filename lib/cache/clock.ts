import { clearTimeout, LONGEST_TIMER_MS, performance, setTimeout } from '../timers.js';

/** Time, as the cache needs it. Tests put their own in its place. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back, whatever happens to the time of day. */
  now(): number;

  /**
   * Calls back once, after `delayMs`; as soon as can be where that is past.
   *
   * @param isAwaited whether the process is to live until then; true unless told.
   * @returns a function that calls it off.
   */
  after(delayMs: number, callback: () => void, isAwaited?: boolean): () => void;
}

/** The time of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback, isAwaited = true) {
    const runFor = (leftMs: number): NodeJS.Timeout => {
      const next =
        leftMs <= LONGEST_TIMER_MS
          ? setTimeout(callback, leftMs)
          : setTimeout(() => (timer = runFor(leftMs - LONGEST_TIMER_MS)), LONGEST_TIMER_MS);
      return isAwaited ? next : next.unref();
    };
    // Node says a word in the log of less than nothing.
    let timer = runFor(Math.max(delayMs, 0));
    return () => clearTimeout(timer);
  },
};

/**
 * What a promise resolves with, or undefined when that takes longer than `limitMs`.
 *
 * @param onLate is given what the promise resolves with after that, for nobody.
 */
export function within<T>(
  clock: Clock,
  limitMs: number,
  promise: Promise<T>,
  onLate?: (value: T) => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const callOff = clock.after(limitMs, () => {
      resolve(undefined);
      if (onLate !== undefined) promise.then(onLate).catch(() => undefined);
    });
    promise.then(resolve, reject).finally(callOff);
  });
}
