import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { Cache } from '../cache/cache.js';
import type { Next } from '../cache/cas-update.js';
import type { BatchLoader, Loader } from '../cache/load-context.js';
import type { Locked } from '../cache/lock.js';
import type { CacheCounters } from '../cache/cache-events.js';
import { MemcachedClient } from '../client/client.js';
import type { CommandOptions } from '../client/command-options.js';
import type { CachePolicy, InvalidateOptions, LockOptions, UpdateOptions } from '../options/cache-options.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import { ClientStore } from '../store/client-store.js';
import { publishing } from './cache-diagnostics.js';
import { type ClusterReport, type LastAnswers, reportOn } from './cluster-report.js';
import { type MemcachedModuleOptions, resolveModuleOptions } from './module-options.js';

/**
 * Every memcached command over the cluster, and the cache on top of it.
 *
 * The client's commands (`get`, `set`, `incr`, …) store and read bare values. The cache's methods (`getOrSet`, `put`,
 * `update`, `invalidate`, …) know when to compute, and belong together: what one stores, the others read.
 *
 * @example
 * constructor(private readonly memcached: MemcachedService) {}
 *
 * find(id: number): Promise<Product> {
 *   return this.memcached.getOrSet(`product:${id}`, () => this.products.find(id), { ttl: '10m' });
 * }
 */
@Injectable()
export class MemcachedService extends MemcachedClient implements OnApplicationShutdown {
  readonly #cache: Cache;
  #lastAnswers: LastAnswers = new Map();

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(options: MemcachedModuleOptions = {}) {
    const { client, cache } = resolveModuleOptions(options);
    super(client);
    // Begun while the application starts, outside of every request's async context.
    const outside = new AsyncResource('nestjs-memcached');
    this.#cache = new Cache(new ClientStore(this), cache, {
      outside: (work) => outside.runInAsyncScope(work),
      observer: publishing(this.options.diagnosticKeys),
    });
  }

  /** How often each thing has happened in the cache since the application started. */
  get counters(): CacheCounters {
    return this.#cache.counters;
  }

  /**
   * Returns the value stored under a key, or has it computed and stores it: once for all callers in the whole fleet.
   *
   * @param loader computes the value; what it throws reaches every waiting caller untouched.
   * @param policy over the module's `cache` options.
   * @returns the value; stale only within the policy's bounds. A failing memcached is nothing to the caller.
   * @throws what the loader throws, when no stale value may stand in for it.
   * @throws {LoaderTimeoutError} at `hardTimeout`, likewise.
   */
  getOrSet<V>(key: string, loader: Loader<V>, policy?: CachePolicy<V> | ResolvedPolicy): Promise<V> {
    return this.#cache.getOrSet(key, loader, policy);
  }

  /**
   * `getOrSet` for many keys: one trip to each server, and one call of the loader for all that are missing.
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
    return this.#cache.getOrSetMany(ids, keyOf, loadMissing, policy);
  }

  /**
   * Looks into the cache without computing.
   *
   * @returns the fresh value, or `undefined`; a failure of the server is a miss.
   */
  peek<V>(key: string, policy?: CachePolicy<V> | ResolvedPolicy): Promise<V | undefined> {
    return this.#cache.peek(key, policy);
  }

  /** Stores a value for `getOrSet`, whatever is there; values that are being computed meanwhile are not stored any more. */
  put<V>(key: string, value: V, policy?: CachePolicy<V> | ResolvedPolicy): Promise<void> {
    return this.#cache.put(key, value, policy);
  }

  /**
   * Invalidates keys: once the promise resolves, no read that begins gets, and no process stores, an older value.
   *
   * Never throws for a server that is away; what it owes to it is made up for when the server is back.
   *
   * @param keys with `InvalidateOptions` after the last of them, if any.
   * @example
   * await memcached.invalidate('product:7', 'products', { soft: '30s' });
   */
  invalidate(...keys: string[] | [...string[], InvalidateOptions]): Promise<void> {
    return this.#cache.invalidate(...keys);
  }

  /** Invalidates every value that bears one of the tags; otherwise like `invalidate`. */
  invalidateTags(...tags: string[] | [...string[], InvalidateOptions]): Promise<void> {
    return this.#cache.invalidateTags(...tags);
  }

  /**
   * Invalidates every value whose key begins with a prefix named in the option `cache.namespaces`.
   *
   * @throws {InvalidArgumentError} for any other prefix.
   */
  invalidateNamespace(prefix: string, options?: InvalidateOptions): Promise<void> {
    return this.#cache.invalidateNamespace(prefix, options);
  }

  /**
   * Changes a value by compare-and-set, and tries again when somebody else was quicker. No update is lost.
   *
   * @param next gets the current value, and returns the new one, or `KEEP`; may be called several times.
   * @returns the value that is stored now.
   * @throws {CasConflictError} when every attempt met a concurrent change.
   * @throws {MemcachedError} when the server fails: going on without it would lose the update.
   * @example
   * await memcached.update('stock:7', (left) => left - 1, { initial: 900 });
   */
  update<V>(
    key: string,
    next: Next<V, V>,
    options: UpdateOptions<V> & { initial: V | (() => V | Promise<V>) },
  ): Promise<V>;
  update<V>(key: string, next: Next<V>, options?: UpdateOptions<V>): Promise<V | undefined>;
  update<V>(key: string, next: Next<V>, options?: UpdateOptions<V>): Promise<V | undefined> {
    return this.#cache.update(key, next, options);
  }

  /**
   * Runs work while holding a lock that no other process holds.
   *
   * @param work gets a signal that is aborted when the lock ends before it.
   * @returns what the work returns; or that somebody else holds the lock.
   * @throws what the work throws; {MemcachedError} when the server fails before the work has begun.
   * @example
   * const run = await memcached.withLock('nightly-report', { ttl: '10m' }, () => this.report());
   * if (!run.locked) this.logger.log('another process is at it');
   */
  withLock<T>(
    key: string,
    options: LockOptions,
    work: (signal: AbortSignal) => T | Promise<T>,
  ): Promise<Locked<T>> {
    return this.#cache.withLock(key, options, work);
  }

  /**
   * What is known of the cluster: each server's state, latency, memory, hit ratio, share of the items against its share of
   * the weights; the sums; and what this process's cache has done. Asks every server for its statistics.
   *
   * @param options `timeout`: longest wait for a server; one that does not answer says so in `problem`.
   */
  async report(options?: CommandOptions): Promise<ClusterReport> {
    const answers = await this.stats('general', options);
    const report = reportOn(this.topology(), answers, this.#lastAnswers, this.counters);
    this.#lastAnswers = answers;
    return report;
  }

  /**
   * Reads a policy once, for many calls.
   *
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  policy<V>(policy: CachePolicy<V>, path?: string): ResolvedPolicy {
    return this.#cache.policy(policy, path);
  }

  /** Ends cache and client: what is under way gets `cache.closeTimeout` and `drainTimeout`; no timer or socket is left. */
  override async close(): Promise<void> {
    await this.#cache.close();
    await super.close();
  }

  /** Called by Nest, also by `app.close()`, when the application has stopped taking requests. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}
