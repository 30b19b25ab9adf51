import { AbortWatch } from '../abort-watch.js';
import { InvalidArgumentError } from '../errors.js';
import type {
  MemcachedCacheOptions,
  CachePolicy,
  CacheDeleteOptions,
  CacheGetOptions,
  InvalidateOptions,
  WithLockOptions,
  UpdateOptions,
} from '../options/cache-options.js';
import { checkedKeys, type Entries } from '../options/entries.js';
import { resolveSoftSeconds, ResolvedCacheOptions, ResolvedPolicy } from '../options/cache-policy.js';
import { policyInPlaceOf } from '../options/policy-in-place.js';
import { bool, checkObject } from '../options/schema.js';
import { type Duration, toMilliseconds } from '../options/duration.js';
import type { NearCache, NearCacheReport } from '../near/near-cache.js';
import { readBatch } from './batch-read.js';
import { checkCall, checkedKey, checkKeys, readNames } from './cache-key.js';
import { CacheWrites, signalOf, type PendingSet } from './cache-writes.js';
import { CasUpdates, type Updater } from './cas-update.js';
import { systemClock } from './clock.js';
import type { CacheParts } from './cache-parts.js';
import type { CachePorts } from './cache-ports.js';
import { ItemCommands } from './item-commands.js';
import { LeaseWatch } from './lease-watch.js';
import type { BatchLoader, Loader } from './load-context.js';
import { Locks, type Locked } from './lock.js';
import { CacheEvents, type CacheCounters } from './cache-events.js';
import { traceCall, UNTRACED } from './cache-tracing.js';
import { nearCacheOf, NearReads } from './near-reads.js';
import { Order } from './order.js';
import { Polling } from './polling.js';
import { PlainReads } from './plain-reads.js';
import { EntryReader } from './entry-reader.js';
import { ReadThrough } from './read-through.js';
import { callOf } from './cache-call.js';
import { Renewer } from './renewer.js';
import { RetryPause } from './retry-pause.js';
import { SelfWait } from './self-wait.js';
import { SignsOfLife } from './signs-of-life.js';
import type { CacheStore } from './store.js';
import { namespaceTag, Tags } from './tags.js';

/**
 * When to compute, and when not to: one computation per key in the whole fleet, and no value that was loaded before
 * an invalidation served to a read that began after it.
 *
 * Keys of values, tags and locks are apart. A value that several callers of one process wait for is one and the same
 * object to them, to be treated as read-only, unless the policy says `share: 'copy'`.
 */
export class CacheEngine {
  readonly #options: ResolvedCacheOptions;
  readonly #in: CacheParts;
  readonly #readThrough: ReadThrough;
  readonly #reads: PlainReads;
  readonly #writes: CacheWrites;
  readonly #items: ItemCommands;
  readonly #locks: Locks;
  readonly #selfWait = new SelfWait();
  readonly #plainRead: ReadTerms;
  readonly #near: NearCache | undefined;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(
    store: CacheStore,
    options: MemcachedCacheOptions | ResolvedCacheOptions = {},
    ports: CachePorts = {},
  ) {
    const { clock = systemClock, random = Math.random, outside = (work) => work() } = ports;
    this.#options = options instanceof ResolvedCacheOptions ? options : new ResolvedCacheOptions(options);
    this.#plainRead = { policy: this.#options.policy, stale: false, signal: undefined };
    const events = new CacheEvents(ports.observer, ports.audiences);
    this.#near = nearCacheOf(store, this.#options, clock, outside);
    const near = this.#near && new NearReads(this.#near, store, events);
    const tags = new Tags(store, this.#options.namespaces, this.#near);
    const order = new Order();
    const isUsed = (key: string, cas: string): boolean => signs.isUsed(key, cas);
    const reader: EntryReader = new EntryReader(store, clock, events, tags, isUsed, near);
    const renewer = new Renewer(clock, outside);
    const signs: SignsOfLife = new SignsOfLife({ store, clock, order, reader, tags, events }, renewer);
    this.#in = {
      store,
      clock,
      aborts: new AbortWatch(),
      random,
      events,
      tracing: ports.tracing ?? UNTRACED,
      order,
      tags,
      reader,
      watch: new LeaseWatch(clock),
      retryPause: new RetryPause(clock),
      polling: new Polling(clock, random),
      signs,
      near,
    };
    this.#readThrough = new ReadThrough(this.#in);
    this.#reads = new PlainReads(this.#in);
    this.#writes = new CacheWrites(this.#in, this.#readThrough, this.#options);
    this.#locks = new Locks(this.#in, renewer);
    const updates = new CasUpdates(this.#in, this.#selfWait);
    this.#items = new ItemCommands(this.#in, updates, this.#readThrough, this.#options);
  }

  /** How often each thing has happened since the cache was made. */
  get counters(): CacheCounters {
    return this.#in.events.snapshot();
  }

  /** How many leases this process holds. */
  get leases(): number {
    return this.#in.signs.leases;
  }

  /** What the near cache keeps, and how it does; undefined where there is none. */
  get near(): NearCacheReport | undefined {
    return this.#near?.report();
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
   * @param policy the same for every call of a key.
   * @returns the value; may be stale within the policy's bounds.
   * @throws what the loader throws, when no stale value may stand in for it.
   * @throws {LoaderTimeoutError} at `hardTimeout`, likewise.
   */
  getOrSet<V>(key: string, loader: Loader<V>, policy?: CachePolicy<V> | ResolvedPolicy): Promise<V> {
    try {
      if (this.#selfWait.underWay > 0 && this.#selfWait.isWithin(key)) throw waitsForUpdate(key);
      if (typeof key !== 'string' || key === '' || typeof loader !== 'function') checkCall(key, loader);
      const { calls } = this.#in.tracing;
      const isResolved = policy === undefined || policy instanceof ResolvedPolicy;
      if (isResolved && !calls.audience.hasSubscribers) {
        return this.#readThrough.read(key, loader, policy ?? this.#options.policy) as Promise<V>;
      }
      const resolved = this.#options.policyOf(policy);
      const call = callOf(key, loader, resolved, this.#in.order.now, isResolved ? undefined : policy.signal);
      if (!calls.audience.hasSubscribers) return this.#readThrough.get(call) as Promise<V>;
      return traceCall(calls, call, (traced) => this.#readThrough.get(traced)) as Promise<V>;
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an InvalidOptionsError
      return Promise.reject(error);
    }
  }

  /**
   * `getOrSet` for many keys: one trip to the store, and one call of the loader for all that are missing.
   *
   * @param keyOf the key of an id; ids of one key are one.
   * @returns the values by id, in the order of `ids`; an id without a value is absent.
   * @throws what the loader throws, when a value is needed that no stale one may stand in for.
   */
  async getOrSetMany<Id, V>(
    ids: Iterable<Id>,
    keyOf: (id: Id) => string,
    loadMissing: BatchLoader<Id, V>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<Id, V>> {
    const terms = { policy: this.#options.policyOf(policy), signal: signalOf(policy) };
    return readBatch(this.#in, this.#readThrough, { ids, keyOf, loadMissing, ...terms });
  }

  /**
   * Reads without computing.
   *
   * @returns the fresh value, with `stale` also one that is not; undefined for anything else, also for a stub that stands
   *   for somebody's lease. A failure of the store is a miss, unless the policy says that it is thrown.
   */
  get<V>(key: string, options?: CacheGetOptions<V> | ResolvedPolicy): Promise<V | undefined> {
    try {
      const { policy, stale, signal } = this.#asRead(options);
      const name = typeof key === 'string' && key !== '' ? key : checkedKey(key);
      const reading = this.#reads.read(name, policy, stale) as Promise<V | undefined>;
      return signal === undefined ? reading : this.#in.aborts.of(reading, signal);
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an error about the arguments
      return Promise.reject(error);
    }
  }

  /** `get` of many keys in one trip. @returns the values that were found, in the order of `keys`. */
  async getMany<V>(
    keys: Iterable<string>,
    options?: CacheGetOptions<V> | ResolvedPolicy,
  ): Promise<Map<string, V>> {
    const names = [...new Set(checkedKeys(keys, 'getMany'))];
    checkKeys(names, this.#in.store);
    const { policy, stale, signal } = this.#asRead(options);
    const values = await this.#in.aborts.of(this.#reads.readMany(names, policy, stale), signal);
    const found = new Map<string, V>();
    for (const [index, key] of names.entries()) {
      if (values[index] !== undefined) found.set(key, values[index] as V);
    }
    return found;
  }

  /**
   * Stores a value whatever is there; what is being loaded meanwhile is not stored any more.
   *
   * @returns whether it was stored: not when the policy caches no such value, nor when the store failed, which is counted, and
   *   thrown if the policy says so. The value before it is gone then, or will be before its server is read from again.
   */
  set<V>(key: string, value: V, policy?: CachePolicy<V> | ResolvedPolicy): Promise<boolean> {
    return this.#writes.set(key, value, policy);
  }

  /** `set` of many keys by one policy. @returns for each whether it was stored. */
  setMany<V>(
    entries: Iterable<readonly [string, V]>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<string, boolean>>;
  setMany<V>(
    entries: Readonly<Record<string, V>>,
    policy?: CachePolicy<V> | ResolvedPolicy,
  ): Promise<Map<string, boolean>>;
  setMany<V>(entries: Entries<V>, policy?: CachePolicy<V> | ResolvedPolicy): Promise<Map<string, boolean>> {
    return this.#writes.setMany(entries, policy);
  }

  /**
   * Takes down what is there now, to store a value over it that is made meanwhile: by a method that changes the database and
   * returns the row. Nothing is stored over an invalidation or a change that came in between.
   */
  beginSet<V>(key: string, policy?: CachePolicy<V> | ResolvedPolicy): Promise<PendingSet> {
    return this.#writes.begin(key, policy);
  }

  /**
   * Invalidates a key like `invalidate`, and tells whether something was there.
   *
   * @returns false as well when the store is away and owes it.
   */
  delete(key: string, policy?: CacheDeleteOptions): Promise<boolean> {
    return this.#writes.delete(key, policy);
  }

  /** `delete` of many keys. @returns for each whether something was there. */
  deleteMany(keys: Iterable<string>, policy?: CacheDeleteOptions): Promise<Map<string, boolean>> {
    return this.#writes.deleteMany(keys, policy);
  }

  /** The commands of memcached that depend on what is there, on what the cache stores. */
  get items(): ItemCommands {
    return this.#items;
  }

  /** What begins from now on reads anew, of a key or of all. */
  forget(key?: string): void {
    this.#readThrough.forget(key);
  }

  /** The store drops all items, now or after a delay: what begins then reads anew, in every process. */
  flushed(delay: Duration = 0): void {
    this.forget();
    this.#near?.flushed(toMilliseconds(delay, 'delay'));
  }

  /**
   * Invalidates keys: once the promise resolves, no read that begins gets, and no process stores, an older value.
   *
   * Never rejects for a server that is away; what is owed to it is the store's affair.
   *
   * @param keys with `InvalidateOptions` after the last of them, if any.
   */
  async invalidate(...keys: string[] | [...string[], InvalidateOptions]): Promise<void> {
    await this.#writes.invalidate(...readNames(keys, 'keys', this.#in.store));
  }

  /**
   * Invalidates every value that bears one of the tags; otherwise like `invalidate`.
   *
   * @param tags with `InvalidateOptions` after the last of them, if any. A value that was invalidated softly twice in its
   * time is gone, and so are all where the store is away.
   */
  async invalidateTags(...tags: string[] | [...string[], InvalidateOptions]): Promise<void> {
    await this.#writes.invalidateTags(...readNames(tags, 'tags', this.#in.store));
  }

  /**
   * Invalidates every value whose key begins with a prefix named in the option `namespaces`.
   *
   * @throws {InvalidArgumentError} for any other prefix.
   */
  async invalidateNamespace(prefix: string, options: InvalidateOptions = {}): Promise<void> {
    if (!this.#options.namespaces.includes(prefix)) {
      const known = this.#options.namespaces.map((name) => `'${name}'`).join(', ');
      throw new InvalidArgumentError(
        `invalidateNamespace: '${prefix}' is not among the option namespaces (${known || 'there are none'})`,
      );
    }
    const softSeconds = resolveSoftSeconds(options, 'invalidateNamespace');
    await this.#writes.invalidateTags([namespaceTag(prefix)], softSeconds);
  }

  /**
   * Changes a value by compare-and-set, and tries again when somebody else was quicker. No update is lost.
   *
   * @param next gets the current value, and returns the new one, or `KEEP`.
   * @param policy that the key is read with, where that is not the cache's: of a new value, it says ttl, grace and tags.
   * @returns the new value; on `KEEP` what `next` was given.
   * @throws {CasConflictError} when every attempt met a concurrent change.
   * @throws {UnsupportedError} where the server gives its items no cas tokens (`-C`).
   * @throws {MemcachedError} when the store fails: unlike elsewhere, going on without it would lose the update.
   */
  update<V>(
    key: string,
    next: Updater<V, V>,
    options: UpdateOptions<V> & { initial: V | (() => V | Promise<V>) },
    policy?: ResolvedPolicy,
  ): Promise<V>;
  update<V>(
    key: string,
    next: Updater<V>,
    options?: UpdateOptions<V>,
    policy?: ResolvedPolicy,
  ): Promise<V | undefined>;
  update(
    key: string,
    next: Updater<unknown, never>,
    options: UpdateOptions<never> = {},
    policy?: ResolvedPolicy,
  ): Promise<unknown> {
    return this.#items.update(key, next as Updater<unknown>, options, policy);
  }

  /**
   * Runs work while holding a lock that no other process holds.
   *
   * @returns what the work returns, or that somebody else holds the lock.
   * @throws what the work throws; {MemcachedError} when the store fails before the work has begun.
   */
  async withLock<T>(
    key: string,
    options: WithLockOptions,
    work: (signal: AbortSignal, fence: number) => T | Promise<T>,
  ): Promise<Locked<T>> {
    return this.#locks.run(checkedKey(key), options, work);
  }

  /**
   * Waits for what is being computed, for `closeTimeout` at most, aborts the rest, and leaves no timer.
   *
   * @param endStore ends what is under way in the store, too; without it nothing may be changed any more.
   */
  async close(endStore = (): Promise<void> => Promise.resolve()): Promise<void> {
    this.#reads.close();
    await this.#readThrough.close(this.#options.closeTimeoutMs);
    this.#writes.close();
    await (this.#near === undefined ? endStore() : this.#near.close(endStore));
  }

  /** Options of `get` are a policy's, and whether a stale value is good enough. */
  #asRead<V>(options: CacheGetOptions<V> | ResolvedPolicy | undefined): ReadTerms {
    if (options === undefined) return this.#plainRead;
    if (options instanceof ResolvedPolicy) return { policy: options, stale: false, signal: undefined };
    checkObject(options, 'policy', policyInPlaceOf);
    const { stale = false, ...policy } = options;
    bool(stale, 'policy.stale');
    return { policy: this.#options.policyOf(policy), stale, signal: policy.signal };
  }
}

/** On what terms something is read without computing it. */
interface ReadTerms {
  readonly policy: ResolvedPolicy;
  readonly stale: boolean;
  readonly signal: AbortSignal | undefined;
}

function waitsForUpdate(key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `getOrSet("${key}") is called out of an update of the same key, and would wait for it; call what computes the value`,
  );
}
