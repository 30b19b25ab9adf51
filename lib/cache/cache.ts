import type {
  CacheOptions,
  CachePolicy,
  InvalidateOptions,
  UpdateOptions,
} from '../options/cache-options.js';
import { ResolvedCacheOptions, type ResolvedPolicy } from '../options/cache-policy.js';
import type { Duration } from '../options/duration.js';
import type { Next } from './cas-update.js';
import { systemClock, type Clock } from './clock.js';
import type { BatchLoader, Loader } from './load-context.js';
import { Tally, type CacheCounters, type CacheObserver } from './observer.js';
import type { CacheStore } from './store.js';

/** What a cache takes from its surroundings. */
export interface CachePorts {
  /** @default the clock and the timers of this process */
  clock?: Clock;

  /** A number from 0 up to, not including, 1. @default Math.random */
  random?: () => number;

  /** Is told of everything that happens. @default nobody */
  observer?: CacheObserver;

  /**
   * Runs work that outlives the call it was begun in, so that it does not run in the async context of that call.
   *
   * @default runs it as it is
   */
  outside?: <T>(work: () => T) => T;
}

/**
 * When to compute, and when not to: one computation per key in the whole fleet, and no value that was loaded before
 * an invalidation served to a read that began after it.
 */
export class Cache {
  readonly #options: ResolvedCacheOptions;
  readonly #tally: Tally;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(store: CacheStore, options: CacheOptions = {}, ports: CachePorts = {}) {
    this.#options = new ResolvedCacheOptions(options);
    this.#tally = new Tally(ports.observer);
    void store;
    void systemClock;
  }

  /** How often each thing has happened since the cache was made. */
  get counters(): CacheCounters {
    return this.#tally.snapshot();
  }

  /**
   * Reads a policy once, for many calls.
   *
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  policy<V>(policy: CachePolicy<V>, path = 'policy'): ResolvedPolicy {
    return this.#options.policyOf(policy, path);
  }

  /**
   * Returns the value stored under a key, or has it computed and stores it.
   *
   * @returns the value; may be stale within the policy's bounds.
   * @throws what the loader throws, when no stale value may stand in for it.
   * @throws {LoaderTimeoutError} at `hardTimeout`, likewise.
   */
  getOrSet<V>(key: string, loader: Loader<V>, policy?: CachePolicy<V> | ResolvedPolicy): Promise<V> {
    throw notYet(key, loader, policy);
  }

  /**
   * `getOrSet` for many keys: one trip to the store, and one call of the loader for all that are missing.
   *
   * @param keyOf the key of an id; ids of one key are one.
   * @returns the values by id, in the order of `ids`; an id without a value is absent.
   * @throws what the loader throws, when a value is needed that no stale one may stand in for.
   */
  getOrSetMany<Id, V>(
    ids: Iterable<Id>,
    keyOf: (id: Id) => string,
    loadMissing: BatchLoader<Id, V>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<Id, V>> {
    throw notYet(ids, keyOf, loadMissing, policy);
  }

  /**
   * Looks without computing.
   *
   * @returns the fresh value, or undefined; a failure of the store is a miss.
   */
  peek<V>(key: string, policy?: CachePolicy<V> | ResolvedPolicy): Promise<V | undefined> {
    throw notYet(key, policy);
  }

  /** Stores a value whatever is there; values that are being loaded meanwhile are not stored any more. */
  put<V>(key: string, value: V, policy?: CachePolicy<V> | ResolvedPolicy): Promise<void> {
    throw notYet(key, value, policy);
  }

  /**
   * Invalidates keys: once the promise resolves, no read that begins gets, and no process stores, an older value.
   *
   * Never throws for a server that is away.
   *
   * @param keys with `InvalidateOptions` after the last of them, if any.
   */
  invalidate(...keys: string[] | [...string[], InvalidateOptions]): Promise<void> {
    throw notYet(keys);
  }

  /** Invalidates every value that bears one of the tags; otherwise like `invalidate`. */
  invalidateTags(...tags: string[]): Promise<void> {
    throw notYet(tags);
  }

  /**
   * Invalidates every value whose key begins with a prefix named in the option `namespaces`.
   *
   * @throws {InvalidArgumentError} for any other prefix.
   */
  invalidateNamespace(prefix: string): Promise<void> {
    throw notYet(prefix);
  }

  /**
   * Changes a value by compare-and-set, and tries again when somebody else was quicker. No update is lost.
   *
   * @param next gets the current value, and returns the new one, or `KEEP`.
   * @returns the value that is stored now.
   * @throws {CasConflictError} when every attempt met a concurrent change.
   * @throws {MemcachedError} when the store fails: unlike elsewhere, going on without it would lose the update.
   */
  update<V>(
    key: string,
    next: Next<V, V>,
    options: UpdateOptions<V> & { initial: V | (() => V | Promise<V>) },
  ): Promise<V>;
  update<V>(key: string, next: Next<V>, options?: UpdateOptions<V>): Promise<V | undefined>;
  update<V>(key: string, next: Next<V> | Next<V, V>, options?: UpdateOptions<V>): Promise<V | undefined> {
    throw notYet(key, next, options);
  }

  /**
   * Runs work while holding a lock that no other process holds.
   *
   * @param ttl the lock ends after so long even if the work does not; at least one second.
   * @returns what the work returns; `{ locked: false }` when somebody else holds the lock.
   */
  withLock<T>(
    key: string,
    ttl: Duration,
    work: (signal: AbortSignal) => T | Promise<T>,
  ): Promise<{ locked: true; value: T } | { locked: false }> {
    throw notYet(key, ttl, work);
  }

  /** Waits for what is being computed behind responses, for `closeTimeout` at most, and leaves no timer. */
  async close(): Promise<void> {}
}

function notYet(...values: unknown[]): Error {
  return new Error(`not yet, ${values.length}`);
}
