import type { WithLockOptions } from '../options/cache-options.js';
import { resolveLock } from '../options/cache-policy.js';
import { pause, type Clock } from './clock.js';
import { pauseMs } from './polling.js';
import type { CacheStore, HeldLock } from './store.js';

/** What came of asking for a lock. */
export type Locked<T> =
  | {
      readonly locked: true;
      readonly value: T;
      /** Greater than that of every earlier holder, until the lock's server restarts. */
      readonly fence: number;
    }
  /** Somebody else holds it; the work was not begun. */
  | { readonly locked: false };

/**
 * Runs work while holding a lock.
 *
 * The lock ends with its ttl, so that a process that dies does not hold it for ever. Work that takes longer is told
 * by its signal; it may then run beside the next holder's.
 *
 * @throws what the work throws; {MemcachedError} when the store fails before the work has begun.
 */
export async function withLock<T>(
  store: CacheStore,
  clock: Clock,
  random: () => number,
  key: string,
  options: WithLockOptions,
  work: (signal: AbortSignal, fence: number) => T | Promise<T>,
): Promise<Locked<T>> {
  const { ttlSeconds, waitMs, signal } = resolveLock(options);
  const startedAt = clock.now();
  let held: HeldLock | undefined;
  let askedAt: number;
  for (;;) {
    signal?.throwIfAborted();
    askedAt = clock.now();
    held = await store.lock(key, ttlSeconds);
    if (held !== undefined) break;
    const waitedMs = clock.now() - startedAt;
    if (waitedMs >= waitMs) return { locked: false };
    await pause(clock, pauseMs(waitedMs, waitMs - waitedMs, random()), signal);
  }
  const { token, fence } = held;
  const controller = new AbortController();
  // Counted from before the store could have begun to count: nobody else is let in earlier.
  const callOff = clock.after(ttlSeconds * 1000 - (clock.now() - askedAt), () =>
    controller.abort(new DOMException(`the lock "${key}" has ended with its ttl`, 'TimeoutError')),
  );
  try {
    return { locked: true, value: await work(controller.signal, fence), fence };
  } finally {
    callOff();
    // A lock that cannot be released ends with its ttl.
    await store.unlock(key, token).catch(() => false);
  }
}
