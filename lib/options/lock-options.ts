import type { WithLockOptions } from './cache-options.js';
import { abortSignal, duration, optional, readObject, withDefault, type Shape } from './schema.js';
import { atLeastOneSecond } from './ttl-option.js';

/** `WithLockOptions` with nothing left open. */
export interface ResolvedLock {
  readonly ttlSeconds: number;
  /** Less than `ttlSeconds` where the lock is renewed. */
  readonly leaseSeconds: number;
  /** 0 = does not wait. */
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {InvalidOptionsError} with the path of the wrong option. */
export function resolveLock(options: WithLockOptions, path = 'lock'): ResolvedLock {
  const { ttl, lease = ttl, wait, signal } = readObject<LockSettings>(options, path, LOCK);
  return { ttlSeconds: ttl, leaseSeconds: Math.min(lease, ttl), waitMs: wait, signal };
}

interface LockSettings {
  ttl: number;
  lease: number | undefined;
  wait: number;
  signal: AbortSignal | undefined;
}

/** One reader for each option of `withLock`. */
export const LOCK: Shape<LockSettings> = {
  ttl: atLeastOneSecond,
  lease: optional(atLeastOneSecond),
  wait: withDefault(duration(), 0),
  signal: optional(abortSignal),
};
