import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import type { CacheCounters } from '../cache/cache-events.js';
import { CacheEngine } from '../cache/cache-engine.js';
import type { PendingSet } from '../cache/cache-writes.js';
import type { Updater } from '../cache/cas-update.js';
import type { CachedItem } from '../cache/item-commands.js';
import type { BatchLoader, Loader } from '../cache/load-context.js';
import type { Locked } from '../cache/lock.js';
import { MemcachedClient } from '../client/client.js';
import type { CommandOptions, CounterOptions, KeysOptions } from '../client/command-options.js';
import type { NodeStatus } from '../client/server-commands.js';
import type { ManyResult } from '../client/many-result.js';
import type { CasResult, CasToken, Lookup } from '../client/results.js';
import type { StatsByGroup, StatsGroup } from '../client/stats.js';
import type {
  CachePolicy,
  CacheDeleteOptions,
  CacheGetOptions,
  InvalidateOptions,
  ItemOptions,
  Ttl,
  UpdateOptions,
  WithLockOptions,
} from '../options/cache-options.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { Duration } from '../options/duration.js';
import { type MemcachedModuleOptions, ResolvedModuleOptions } from '../options/module-options.js';
import type { ServersOption } from '../options/server-options.js';
import { ClientStore } from '../store/client-store.js';
import { KeyGroups } from './instance/key-groups.js';
import { logContextOf } from './instance/module-name.js';
import { UncachedCalls } from './instance/uncached-calls.js';
import { enginePorts } from './engine-ports.js';
import { type ClusterReport, ClusterReports } from './cluster-report.js';
import { OPTIONS_TOKEN } from './options-token.js';

/**
 * The application's memcached: every command, and all of them know the cache.
 *
 * What one method stores the others read. A value whose tags were invalidated, and a lease's stub, are nothing to them, but
 * `delete` says that it removed one, and `lookup`, `metadebug` and `keys` look at items. Bytes as they are, for other programs'
 * values and for tools, are the affair of `client`, which shares the connections.
 *
 * @see docs/vocabulary.md for what each call takes for a miss, which ttl it gives, and what it does when a server is away.
 * @example
 * constructor(private readonly memcached: MemcachedService) {}
 *
 * find(id: number): Promise<Product> {
 *   return this.memcached.getOrSet(`product:${id}`, () => this.products.find(id), { ttl: '10m' });
 * }
 */
@Injectable()
export class MemcachedService implements OnApplicationShutdown, AsyncDisposable {
  /** The raw client, on the same connections. What it writes is none of the cache's affair until its readers read anew. */
  readonly client: MemcachedClient;
  /** Which methods left nothing in the cache, and why. */
  readonly uncached: UncachedCalls;
  /** Which keys belong together, for whoever counts them. */
  readonly groups: KeyGroups;
  readonly #cache: CacheEngine;
  readonly #store: ClientStore;
  readonly #reports: ClusterReports;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(@Optional() @Inject(OPTIONS_TOKEN) options?: MemcachedModuleOptions | ResolvedModuleOptions) {
    const { client, cache, debug } = ResolvedModuleOptions.of(options);
    this.client = new MemcachedClient(client);
    this.uncached = new UncachedCalls(new Logger(logContextOf(client.instance)));
    this.groups = new KeyGroups(client.diagnosticKeys);
    this.#store = new ClientStore(this.client, client.codec, client.commandTimeout);
    this.#cache = new CacheEngine(this.#store, cache, enginePorts(client, debug, this.groups, this.uncached));
    this.#reports = new ClusterReports(this.client, this.#cache, this.uncached);
  }

  /** How often each thing has happened in the cache since the application started. */
  get counters(): CacheCounters {
    return this.#cache.counters;
  }

  /** How many leases this process holds: for loads under way, unless a sign of life has found a lease lost, as by an invalidation. */
  get leases(): number {
    return this.#cache.leases;
  }

  /** What the near cache of this process keeps, and how it does; `undefined` without one. */
  get near(): ClusterReport['near'] {
    return this.#cache.near;
  }

  /**
   * Returns the value stored under a key, or has it computed and stores it: once for all callers in the whole fleet.
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
   * Reads without computing.
   * @param options the key's policy, of which `tags`, `grace`, `onStoreError` and `signal` matter; `stale: true` is content
   *   with a stale value.
   * @returns the value; `undefined` for a miss, a stub, and where the server is away (`onStoreError`).
   */
  get<V = unknown>(key: string, options?: CacheGetOptions<V> | ResolvedPolicy): Promise<V | undefined> {
    return this.#cache.get(key, options);
  }

  /** `get` of many keys, one trip to each server. @returns the hits, in the order of `keys`. */
  getMany<V = unknown>(
    keys: Iterable<string>,
    options?: CacheGetOptions<V> | ResolvedPolicy,
  ): Promise<Map<string, V>> {
    return this.#cache.getMany(keys, options);
  }

  /**
   * Stores a value whatever is there; values that are being computed meanwhile, anywhere, are not stored any more.
   * @param value not to be written into before the promise resolves: the server, and the tags, may be asked before it is encoded.
   * @returns whether it was stored. Where not, since the server is away (`onStoreError`) or the policy caches no such value,
   *   what was there before is gone, or is so before it can be read again.
   */
  set<V>(key: string, value: V, policy?: CachePolicy<V> | ResolvedPolicy): Promise<boolean> {
    return this.#cache.set(key, value, policy);
  }

  /** `set` of many keys by one policy, one trip to each server. @returns for each whether it was stored. */
  setMany<V>(
    entries: Iterable<readonly [string, V]>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<string, boolean>>;
  setMany<V>(
    entries: Readonly<Record<string, V>>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<string, boolean>>;
  setMany<V>(
    entries: Iterable<readonly [string, V]> | Readonly<Record<string, V>>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<string, boolean>> {
    return this.#cache.setMany(entries as Iterable<readonly [string, V]>, policy);
  }

  /**
   * For a value that is made by changing its source: taken before, the place takes the value only if no invalidation and no
   * other change came in between.
   * @example
   * const place = await memcached.beginSet('product:7');
   * await place.store(await products.rename(7, 'Mug'));
   */
  beginSet<V>(key: string, policy?: CachePolicy<V> | ResolvedPolicy): Promise<PendingSet> {
    return this.#cache.beginSet(key, policy);
  }

  /** Invalidates a key, as `invalidate` does. @returns whether something was there; false also when its server is away. */
  delete(key: string, options?: CacheDeleteOptions): Promise<boolean> {
    return this.#cache.delete(key, options);
  }

  /** `delete` of many keys. @returns for each whether something was there. */
  deleteMany(keys: Iterable<string>, options?: CacheDeleteOptions): Promise<Map<string, boolean>> {
    return this.#cache.deleteMany(keys, options);
  }

  /** Stores a value unless there is one. @returns whether it was stored. @throws {MemcachedError} when its server is away. */
  add(key: string, value: unknown, options?: ItemOptions): Promise<boolean> {
    return this.#cache.items.add(key, value, options);
  }

  /** Stores a value if there is one. @returns whether it was stored. @throws {MemcachedError} when its server is away. */
  replace(key: string, value: unknown, options?: ItemOptions): Promise<boolean> {
    return this.#cache.items.replace(key, value, options);
  }

  /** Puts text or bytes behind those that are there. @returns false on a miss. @throws {MemcachedError} likewise. */
  append(key: string, more: string | Uint8Array, options?: ItemOptions): Promise<boolean> {
    return this.#cache.items.extend('append', key, more, options);
  }

  /** Puts text or bytes before those that are there. @returns false on a miss. @throws {MemcachedError} likewise. */
  prepend(key: string, more: string | Uint8Array, options?: ItemOptions): Promise<boolean> {
    return this.#cache.items.extend('prepend', key, more, options);
  }

  /** Reads a value with the token that `cas` wants. @throws {MemcachedError} when its server is away. */
  gets<V = unknown>(key: string, options?: Pick<ItemOptions, 'signal'>): Promise<CachedItem<V> | undefined> {
    return this.#cache.items.gets(key, options) as Promise<CachedItem<V> | undefined>;
  }

  /** Stores a value if nothing has changed since `gets`. @throws {MemcachedError} when its server is away. */
  cas(key: string, value: unknown, token: CasToken, options?: ItemOptions): Promise<CasResult> {
    return this.#cache.items.cas(key, value, token, options);
  }

  /** Gives a value another ttl, from now. @returns false on a miss. @throws {MemcachedError} when its server is away. */
  async touch(key: string, ttl: Ttl, options?: Omit<ItemOptions, 'ttl'>): Promise<boolean> {
    return (await this.#cache.items.touch(key, ttl, options)) !== undefined;
  }

  /** Reads a value and gives it another ttl, from now. @throws {MemcachedError} when its server is away. */
  getAndTouch<V = unknown>(
    key: string,
    ttl: Ttl,
    options?: Omit<ItemOptions, 'ttl'>,
  ): Promise<V | undefined> {
    return this.#cache.items.touch(key, ttl, options) as Promise<V | undefined>;
  }

  /**
   * Adds to a counter, an item of decimal digits from 0 to 2^64 - 1, where it wraps around.
   * @param options `initial` creates a missing one, for `ttl`; for ever without it.
   * @returns the new value, a bigint where `by` is one; `undefined` where there is none.
   * @throws {ServerError} when what is there is no number, or bears tags. {InvalidArgumentError} for `initial` where the cache's
   *   `tags` or `namespaces` want tags of all that is read there. {MemcachedError} when its server is away.
   */
  incr(key: string, by?: number, options?: CounterOptions): Promise<number | undefined>;
  incr(key: string, by: bigint, options?: CounterOptions): Promise<bigint | undefined>;
  incr(key: string, by: number | bigint = 1, options?: CounterOptions): Promise<number | bigint | undefined> {
    return this.#count('incr', key, by, options);
  }

  /** Subtracts from a counter, which stops at 0; otherwise like `incr`. */
  decr(key: string, by?: number, options?: CounterOptions): Promise<number | undefined>;
  decr(key: string, by: bigint, options?: CounterOptions): Promise<bigint | undefined>;
  decr(key: string, by: number | bigint = 1, options?: CounterOptions): Promise<number | bigint | undefined> {
    return this.#count('decr', key, by, options);
  }

  /** Reads a value and everything memcached knows of its item. @throws {UnsupportedError} in the classic dialect. */
  lookup<V = unknown>(key: string, options?: CommandOptions): Promise<Lookup<V>> {
    return this.#store.lookup(key, options) as Promise<Lookup<V>>;
  }

  /** Memcached's own notes on an item, as it writes them. @throws {UnsupportedError} in the classic dialect. */
  metadebug(key: string, options?: CommandOptions): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#store.metadebug(key, options);
  }

  /**
   * Invalidates keys: once the promise resolves, no read that begins gets, and no process stores, an older value.
   * Never throws for a server that is away; what it owes to it is made up for when the server is back.
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

  /** Invalidates every value whose key begins with a prefix of the option `cache.namespaces`; throws for any other. */
  invalidateNamespace(prefix: string, options?: InvalidateOptions): Promise<void> {
    return this.#cache.invalidateNamespace(prefix, options);
  }

  /**
   * Changes a value by compare-and-set, and tries again when somebody else was quicker. No update is lost.
   * @param next gets the current value, and returns the new one, or `KEEP`; may be called several times.
   * @returns the value that is stored now.
   * @throws {CasConflictError} when every attempt met a concurrent change.
   * @throws {MemcachedError} when the server fails: going on without it would lose the update.
   * @example
   * await memcached.update('stock:7', (left) => left - 1, { initial: 900 });
   */
  update<V>(
    key: string,
    next: Updater<V, V>,
    options: UpdateOptions<V> & { initial: V | (() => V | Promise<V>) },
  ): Promise<V>;
  update<V>(key: string, next: Updater<V>, options?: UpdateOptions<V>): Promise<V | undefined>;
  // Decorators say by what policy the key is read, too.
  update(...change: Parameters<CacheEngine['update']>): Promise<unknown> {
    return this.#cache.update(...change);
  }

  /**
   * Runs work while holding a lock that no other process holds.
   * @param work gets a signal that is aborted when the lock ends before it, and a number greater than any holder's before.
   * @returns what the work returns; or that somebody else holds the lock.
   * @throws what the work throws; {MemcachedError} when the server fails before the work has begun.
   * @example
   * const run = await memcached.withLock('nightly-report', { ttl: '10m' }, () => this.report());
   * if (!run.locked) this.logger.log('another process is at it');
   */
  withLock<T>(
    key: string,
    options: WithLockOptions,
    work: (signal: AbortSignal, fence: number) => T | Promise<T>,
  ): Promise<Locked<T>> {
    return this.#cache.withLock(key, options, work);
  }

  /**
   * What is known of the cluster: each server's state, latency, memory, hit ratio, share of the items against its share of
   * the weights; the sums; and what this process's cache has done. Asks every server for its statistics.
   * @param options `timeout`: longest wait for a server; one that does not answer says so in `problem`. `since`: an earlier
   *   report of this service, to tell the hit ratios since.
   */
  report(options: CommandOptions & { since?: ClusterReport } = {}): Promise<ClusterReport> {
    return this.#reports.next(options);
  }

  /** The servers' statistics, by server, under memcached's own names. */
  stats<Group extends StatsGroup = 'general'>(
    group?: Group,
    options?: CommandOptions,
  ): Promise<ManyResult<StatsByGroup[Group]>> {
    return this.client.stats(group, options);
  }

  /** The servers' versions, such as `1.6.18`, by server. */
  version(options?: CommandOptions): Promise<ManyResult<string>> {
    return this.client.version(options);
  }

  /** The keys of the values that the servers hold, in no order; see `MemcachedClient.keys`. */
  keys(options?: KeysOptions): AsyncGenerator<string, void, undefined> {
    return this.#store.keys(options);
  }

  /** Drops every item of every server, other applications' too. @param options `delay`: when, from now. */
  async flushAll(options?: CommandOptions & { delay?: Duration }): Promise<ManyResult<boolean>> {
    try {
      return await this.client.flushAll(options);
    } finally {
      this.#cache.flushed(options?.delay);
    }
  }

  /** The servers with their weights, states, since when, the last error, what they are owed, and how long they take. */
  topology(): readonly NodeStatus[] {
    return this.client.topology();
  }

  /** The server that a key belongs to; see `MemcachedClient.serverFor`. */
  serverFor(key: string, options?: { down?: readonly string[] }): string {
    return this.#store.serverFor(key, options);
  }

  /** Puts another list of servers in place of the present one; see `MemcachedClient.setServers`. */
  setServers(servers: ServersOption): void {
    this.client.setServers(servers);
  }

  /** Connects to every server, to tell early whether the cluster can be reached; commands connect on first use. */
  connect(): Promise<void> {
    return this.client.connect();
  }

  /** Reads a policy once, for many calls. @throws {InvalidOptionsError} with the path of the wrong option. */
  policy<V>(policy: CachePolicy<V>, path?: string): ResolvedPolicy {
    return this.#cache.policy(policy, path);
  }

  /** Ends cache and client: what is under way gets `cache.closeTimeout` and `drainTimeout`; no timer or socket is left. */
  async close(): Promise<void> {
    await this.#cache.close(() => this.client.close());
  }

  /** Called by Nest, also by `app.close()`, when the application has stopped taking requests. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #count(
    command: 'incr' | 'decr',
    key: string,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): Promise<number | bigint | undefined> {
    const begins = options?.initial !== undefined;
    return this.#cache.items.count(key, begins, () => this.#store.count(command, key, by, options));
  }
}
