import { ClientClosedError } from '../errors.js';
import type { CachePolicy, CacheDeleteOptions } from '../options/cache-options.js';
import type { ResolvedCacheOptions, ResolvedPolicy } from '../options/cache-policy.js';
import { checkedKey } from './cache-key.js';
import type { CacheParts } from './cache-parts.js';
import { startUnlessAborted, unlessAborted } from './clock.js';
import { writtenEntryFor } from './entry.js';
import { ttlOf } from './load.js';
import type { ReadThrough } from './read-through.js';
import type { CacheReading } from './store.js';
import { NO_TAGS, versionsOf, type TagStates } from './tags.js';

/** Writes that ask for nothing that is there: storing and invalidating. */
export class CacheWrites {
  readonly #in: CacheParts;
  readonly #readThrough: ReadThrough;
  readonly #options: ResolvedCacheOptions;

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
    return startUnlessAborted(() => this.#changing(key, resolved, change), signal);
  }

  /** Takes down what is there, for a value that is being made. */
  async begin<V>(key: string, policy: CachePolicy<V> | ResolvedPolicy | undefined): Promise<PendingSet> {
    const resolved = this.#options.policyOf(policy);
    const signal = signalOf(policy);
    signal?.throwIfAborted();
    const begun = this.#takeDown(key, this.#in.tags.required(checkedKey(key), resolved), resolved);
    return unlessAborted(begun, signal, (pending) => pending.abandon());
  }

  async #takeDown(key: string, tags: readonly string[], resolved: ResolvedPolicy): Promise<PendingSet> {
    const { events, reader, signs } = this.#in;
    let found: { readonly reading: CacheReading; readonly states: TagStates } | undefined;
    try {
      const asked = await reader.askWithTags(key, resolved.leaseSeconds, tags);
      const { hit, won, busy } = asked.reading;
      found = hit || won || busy ? asked : undefined;
    } catch (error) {
      this.#failed(key, resolved, error, false);
      events.note('storeError', key, error);
    }
    const end = signs.keep(key, resolved, found?.reading);
    return {
      store: (value) => {
        end();
        return this.#storeOver(key, value, found, tags, resolved);
      },
      abandon: () => {
        end();
        reader.giveBack(key, found?.reading);
      },
    };
  }

  /** Invalidates a key. @returns whether something was there. */
  async delete(key: string, options: CacheDeleteOptions | undefined): Promise<boolean> {
    const policy = this.#options.policyOf(options);
    checkedKey(key);
    const change = (): Promise<boolean> => {
      this.#in.events.note('invalidation', key);
      return this.#changing(key, policy, () => this.#in.store.remove(key));
    };
    return startUnlessAborted(change, options?.signal);
  }

  /**
   * Invalidates a key; for `softSeconds`, what was there may be served as a stale value.
   *
   * @returns whether something was there, as far as it is known: always true for a soft one.
   */
  invalidate(key: string, softSeconds: number): Promise<boolean> {
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
      const { events, store } = this.#in;
      if (found !== undefined && ttlSeconds !== undefined) {
        const [entry, keepSeconds] = this.#entry(value, ttlSeconds, tags, found.states, policy);
        const result = await store.write(key, entry, keepSeconds, found.reading.cas).catch(async (error) => {
          await store.remove(key);
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
    try {
      return await this.#in.tags.states(tags);
    } catch (error) {
      await this.#in.store.remove(key);
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
   */
  store(value: unknown): Promise<boolean>;

  /** No value comes: leaves what is there. */
  abandon(): void;
}

/** The signal that is given with a policy. */
export function signalOf(policy: CachePolicy<never> | ResolvedPolicy | undefined): AbortSignal | undefined {
  return (policy as CachePolicy | undefined)?.signal;
}
