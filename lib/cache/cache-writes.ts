import { ClientClosedError } from '../errors.js';
import type { CachePolicy, CacheDeleteOptions } from '../options/cache-options.js';
import type { ResolvedCacheOptions, ResolvedPolicy } from '../options/cache-policy.js';
import { checkedKeys, readEntries, type Entries } from '../options/entries.js';
import { checkObject } from '../options/schema.js';
import { checkedKey, checkKeys } from './cache-key.js';
import type { CacheParts } from './cache-parts.js';
import { writtenEntryFor } from './entry.js';
import { ttlOf } from './load.js';
import type { ReadThrough } from './read-through.js';
import type { CacheReading } from './store.js';
import { NO_TAGS, versionsOf, type TagStates } from './tags.js';
import { forEach } from './window.js';

/** Writes that ask for nothing that is there: storing and invalidating. */
export class CacheWrites {
  readonly #in: CacheParts;
  readonly #readThrough: ReadThrough;
  readonly #options: ResolvedCacheOptions;
  #closed = false;

  constructor(parts: CacheParts, readThrough: ReadThrough, options: ResolvedCacheOptions) {
    this.#in = parts;
    this.#readThrough = readThrough;
    this.#options = options;
  }

  /** Stores a value whatever is there. @returns whether it was stored. */
  async set<V>(
    key: string,
    value: V,
    policy: CachePolicy<V> | ResolvedPolicy | undefined,
    signal = signalOf(policy),
  ): Promise<boolean> {
    const resolved = this.#options.policyOf(policy);
    const ttlSeconds = ttlOf(value, undefined, resolved);
    checkedKey(key);
    const change = async (): Promise<boolean> => {
      const { store } = this.#in;
      if (ttlSeconds === undefined) {
        await store.remove(key);
        return false;
      }
      const tags = this.#in.tags.required(key, resolved);
      const states = tags.length === 0 ? NO_TAGS : await this.#statesOf(key, tags);
      const [entry, keepSeconds] = this.#entry(value, ttlSeconds, tags, states, resolved);
      return store.set(key, entry, keepSeconds, resolved.guardSet);
    };
    return this.#in.aborts.start(() => this.#changing(key, resolved, change), signal);
  }

  /** `set` of many keys by one policy. @returns for each whether it was stored. */
  async setMany<V>(
    entries: Entries<V>,
    policy: CachePolicy<V> | ResolvedPolicy | undefined,
  ): Promise<Map<string, boolean>> {
    const pairs = [...readEntries(entries, 'setMany')];
    const keys = pairs.map(([key]) => key);
    checkKeys(keys, this.#in.store);
    const resolved = this.#options.policyOf(policy);
    this.#refuseAfterClose('setMany');
    const signal = signalOf(policy);
    signal?.throwIfAborted();
    const stored = await forEach(pairs, ([key, value]) => this.set(key, value, resolved, signal));
    return new Map(keys.map((key, index) => [key, stored[index]]));
  }

  /** Takes down what is there, for a value that is being made. */
  async begin<V>(key: string, policy: CachePolicy<V> | ResolvedPolicy | undefined): Promise<PendingSet> {
    const resolved = this.#options.policyOf(policy);
    const signal = signalOf(policy);
    signal?.throwIfAborted();
    const begun = this.#takeDown(key, this.#in.tags.required(checkedKey(key), resolved), resolved);
    return this.#in.aborts.of(begun, signal, (pending) => pending.abandon());
  }

  async #takeDown(key: string, tags: readonly string[], resolved: ResolvedPolicy): Promise<PendingSet> {
    const { events, reader, signs } = this.#in;
    let found: { readonly reading: CacheReading; readonly states: TagStates } | undefined;
    let failure: unknown;
    try {
      const asked = await reader.askWithTags(key, resolved.leaseSeconds, tags);
      const { hit, won, busy } = asked.reading;
      found = hit || won || busy ? asked : undefined;
    } catch (error) {
      this.#failed(key, resolved, error, false);
      events.note('storeError', key, error);
      failure = error;
    }
    const end = signs.keep(key, resolved, found?.reading);
    return {
      store: async (value) => {
        end();
        const stored = await this.#storeOver(key, value, found, tags, resolved);
        // Here and not before: what makes the value has been done by then, as before a `set`.
        if (failure !== undefined && resolved.throwStoreErrors) throw failure as Error;
        return stored;
      },
      abandon: () => {
        end();
        reader.giveBack(key, found?.reading);
      },
    };
  }

  /** Invalidates a key. @returns whether something was there. */
  async delete(
    key: string,
    options: CacheDeleteOptions | ResolvedPolicy | undefined,
    signal = signalOf(options),
  ): Promise<boolean> {
    // No ttl is shown to whoever passes a number.
    if (options !== undefined) checkObject(options, 'policy');
    const policy = this.#options.policyOf(options);
    checkedKey(key);
    const change = (): Promise<boolean> => {
      this.#in.events.note('invalidation', key);
      return this.#changing(key, policy, () => this.#in.store.remove(key));
    };
    return this.#in.aborts.start(change, signal);
  }

  /** `delete` of many keys. @returns for each whether something was there. */
  async deleteMany(
    keys: Iterable<string>,
    options: CacheDeleteOptions | undefined,
  ): Promise<Map<string, boolean>> {
    const names = [...new Set(checkedKeys(keys, 'deleteMany'))];
    checkKeys(names, this.#in.store);
    if (options !== undefined) checkObject(options, 'policy');
    const policy = this.#options.policyOf(options);
    this.#refuseAfterClose('deleteMany');
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const deleted = await forEach(names, (key) => this.delete(key, policy, signal));
    return new Map(names.map((key, index) => [key, deleted[index]]));
  }

  /** Invalidates keys; for `softSeconds`, what was there may be served as a stale value. */
  async invalidate(keys: readonly string[], softSeconds: number): Promise<void> {
    this.#refuseAfterClose('invalidate');
    if (keys.length === 1) await this.#invalidate(keys[0], softSeconds);
    else await forEach(keys, (key) => this.#invalidate(key, softSeconds));
  }

  /** The same of every value that bears one of the tags. */
  async invalidateTags(names: readonly string[], softSeconds: number): Promise<void> {
    const { events, tags } = this.#in;
    this.#refuseAfterClose('invalidateTags');
    for (const tag of names) events.note('invalidation', tag);
    const failed = (tag: string, error: unknown): void =>
      this.#failed(tag, this.#options.policy, error, true);
    await Promise.all(names.map((tag) => tags.bump(tag, softSeconds).catch((error) => failed(tag, error))));
  }

  /** From now on nothing is changed. */
  close(): void {
    this.#closed = true;
  }

  #refuseAfterClose(command: string): void {
    if (this.#closed) throw new ClientClosedError(`${command}: the cache was closed`);
  }

  #invalidate(key: string, softSeconds: number): Promise<boolean> {
    const { events, store } = this.#in;
    events.note('invalidation', key);
    return this.#changing(key, this.#options.policy, () =>
      softSeconds === 0 ? store.remove(key) : store.markStale(key, softSeconds).then(() => true),
    );
  }

  async #storeOver(
    key: string,
    value: unknown,
    found: { readonly reading: CacheReading; readonly states: TagStates } | undefined,
    tags: readonly string[],
    policy: ResolvedPolicy,
  ): Promise<boolean> {
    const ttlSeconds = ttlOf(value, undefined, policy);
    return this.#changing(key, policy, async () => {
      const { clock, events, store } = this.#in;
      const began = clock.now();
      if (found !== undefined && ttlSeconds !== undefined) {
        const [entry, keepSeconds] = this.#entry(value, ttlSeconds, tags, found.states, policy);
        const result = await store.write(key, entry, keepSeconds, found.reading.cas).catch(async (error) => {
          await store.remove(key, clock.now() - began);
          throw error;
        });
        if (result === 'stored') return true;
        events.note('leaseLost', key);
      }
      await store.remove(key);
      return false;
    });
  }

  /** States of tags; where they cannot be read, what is under the key must not outlive what replaces it. */
  async #statesOf(key: string, tags: readonly string[]): Promise<TagStates> {
    const { clock, store, tags: all } = this.#in;
    const began = clock.now();
    try {
      return await all.states(tags);
    } catch (error) {
      await store.remove(key, clock.now() - began);
      throw error;
    }
  }

  #entry(
    value: unknown,
    ttlSeconds: number,
    tags: readonly string[],
    states: TagStates,
    policy: ResolvedPolicy,
  ): [entry: ReturnType<typeof writtenEntryFor>['entry'], keepSeconds: number] {
    const { entry, keepSeconds } = writtenEntryFor(
      value,
      ttlSeconds,
      versionsOf(tags, states),
      policy,
      this.#in.random,
    );
    return [entry, keepSeconds];
  }

  /** Changes a key. Reads that began before the change, or while it was under way, are joined by nobody who begins after. */
  async #changing(key: string, policy: ResolvedPolicy, change: () => Promise<boolean>): Promise<boolean> {
    this.#readThrough.forget(key);
    try {
      return await change();
    } catch (error) {
      this.#failed(key, policy, error, true);
      return false;
    } finally {
      this.#readThrough.forget(key, true);
    }
  }

  /** A cache that was closed does nothing, and says so; other failures of the store are the policy's affair. */
  #failed(key: string, policy: ResolvedPolicy, error: unknown, counted: boolean): void {
    if (error instanceof ClientClosedError) throw error;
    if (counted) this.#in.reader.storeFailed(key, policy, error);
  }
}

/** A place that was taken down for a value that is being made. */
export interface PendingSet {
  /**
   * Stores the value, unless the key or one of its tags has changed since. Then, or where it cannot be stored, the key is
   * invalidated: what is there may be older than the value.
   *
   * @returns whether it was stored.
   * @throws {MemcachedError} by `onStoreError: 'throw'`, also where the place could not be taken.
   */
  store(value: unknown): Promise<boolean>;

  /** No value comes: leaves what is there. */
  abandon(): void;
}

/** The signal that is given with a policy. */
export function signalOf(policy: CachePolicy<never> | ResolvedPolicy | undefined): AbortSignal | undefined {
  return (policy as CachePolicy | undefined)?.signal;
}
