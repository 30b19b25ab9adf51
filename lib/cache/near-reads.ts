import { InvalidOptionsError } from '../errors.js';
import type { BegunRead } from '../near/kept-value.js';
import { NearCache } from '../near/near-cache.js';
import type { ResolvedCacheOptions, ResolvedPolicy } from '../options/cache-policy.js';
import type { CacheCall } from './cache-call.js';
import type { CacheEvents } from './cache-events.js';
import type { Clock } from './clock.js';
import { isPlainHit } from './finding.js';
import type { CacheReading, CacheStore } from './store.js';

/** Reads that are served out of this process, and what is kept for them of what others have read. */
export class NearReads {
  readonly #near: NearCache;
  readonly #store: CacheStore;
  readonly #events: CacheEvents;
  /** When the reads began of values that may be kept. */
  readonly #begun = new WeakMap<CacheReading, BegunRead>();

  constructor(near: NearCache, store: CacheStore, events: CacheEvents) {
    this.#store = store;
    this.#near = near;
    this.#events = events;
  }

  /** What may be served of a key at once; undefined where the store is to be asked. */
  find(key: string, policy: ResolvedPolicy): Promise<unknown> | undefined {
    if (policy.nearMs === 0 || policy.forceFresh) return undefined;
    const kept = this.#near.find(key, policy);
    if (kept === undefined) return undefined;
    this.#events.noteHit(key);
    return Promise.resolve(kept.take());
  }

  /** The same for a call, which is told what it was served. */
  serve(call: CacheCall): Promise<unknown> | undefined {
    const kept = this.find(call.key, call.policy);
    if (kept !== undefined) call.served = 'hit';
    return kept;
  }

  /**
   * Reads many keys, those that are kept here first.
   *
   * @param readOthers reads the others; is told their positions, too.
   */
  async findMany(
    keys: readonly string[],
    policy: ResolvedPolicy,
    readOthers: (others: readonly string[], positions: readonly number[]) => Promise<readonly unknown[]>,
  ): Promise<unknown[]> {
    const others: number[] = [];
    const values: unknown[] = keys.map((key, index) => {
      const kept = this.find(key, policy);
      if (kept !== undefined) return kept;
      others.push(index);
      return undefined;
    });
    const read = await readOthers(
      others.map((index) => keys[index]),
      others,
    );
    others.forEach((index, position) => (values[index] = read[position]));
    return Promise.all(values);
  }

  /** Reads a value of the store, and keeps it if it is to be kept. @param areTagged whether values may have tags. */
  read(
    key: string,
    policy: ResolvedPolicy,
    areTagged: boolean,
    read: (keep: 'same' | 'copy' | undefined) => Promise<CacheReading>,
  ): Promise<CacheReading> {
    const begun = this.#near.beginRead(key, policy);
    if (begun === undefined) return read(undefined);
    return this.#sameOr(key, policy, () => read(begun.as)).then((reading) => {
      if (reading.value?.kept === undefined) return reading;
      this.#begun.set(reading, begun);
      // Otherwise it takes the states of tags to say whether it is fresh.
      if (!areTagged && isPlainHit(reading, policy)) this.keep(key, policy, reading);
      return reading;
    });
  }

  /** Asks whether a large value that was kept is still what is stored, and reads it only where it is not. */
  async #sameOr(
    key: string,
    policy: ResolvedPolicy,
    read: () => Promise<CacheReading>,
  ): Promise<CacheReading> {
    const doubtful = this.#near.doubtful(key, policy);
    if (doubtful === undefined || this.#store.recheck === undefined) return read();
    const { cas, value, versions } = doubtful;
    const found = await this.#store.recheck(key);
    const dueMs = Math.max(policy.graceSeconds, policy.recacheSeconds) * 1000;
    const isSame = found !== undefined && found.hit && found.cas === cas && !found.won && !found.busy;
    if (!isSame || found.stale || (found.ttl !== undefined && found.ttl <= dueMs)) {
      // A value that is marked stale gives its right to whoever asks, and it is the read that is to have it.
      if (found?.won === true) await this.#store.release(key, found.cas, 'rest').catch(() => false);
      return read();
    }
    return {
      ...found,
      value: { value: await value.take(), tags: versions, kind: 'value', kept: value },
    };
  }

  /** Keeps a value that was found to be fresh, if its read has asked for that. */
  keep(key: string, policy: ResolvedPolicy, reading: CacheReading): void {
    const read = this.#begun.get(reading);
    const { value: entry, ttl } = reading;
    if (read === undefined || entry?.kept === undefined) return;
    this.#begun.delete(reading);
    const { tags: versions } = entry;
    this.#near.admit(key, entry.kept, { read, terms: policy, versions, ttlMs: ttl, cas: reading.cas });
  }

  /** A key has changed, or is about to; all of them without one. @param isDone whether it has. */
  forget(key: string | undefined, isDone: boolean): void {
    if (key === undefined) this.#near.clear();
    else this.#near.forget(key, isDone);
  }
}

/**
 * The near cache that the options ask for.
 *
 * @param outside runs work outside of the async context of whoever asked for it, since what it asks for by itself is nobody's.
 */
export function nearCacheOf(
  store: CacheStore,
  { near }: ResolvedCacheOptions,
  clock: Clock,
  outside: <T>(work: () => T) => T,
): NearCache | undefined {
  if (near === undefined) return undefined;
  const everybodys: Clock = {
    now: () => clock.now(),
    after: (...timer) => outside(() => clock.after(...timer)),
  };
  if (store.epochs !== undefined) return new NearCache(store.epochs, near, everybodys);
  throw new InvalidOptionsError(
    'cache.near',
    'the store keeps no epochs, by which a near cache hears of changes',
  );
}
