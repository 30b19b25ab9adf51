import { BoundedMap } from '../bounded-map.js';
import {
  type EntryAsker,
  type CacheEntry,
  type CacheReading,
  type CacheStore,
  type Copier,
  type HeldLock,
  isHitForMiss,
  type TagState,
  type Written,
} from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import type {
  CommandOptions,
  CounterOptions,
  KeysOptions,
  LeaseOptions,
  StoreOptions,
} from '../client/command-options.js';
import type { Lookup } from '../client/results.js';
import { andThen } from '../client/codec/codec.js';
import { checkOptions } from '../client/known-options.js';
import { ReadBudget } from '../client/codec/read-budget.js';
import { ServerError } from '../errors.js';
import { DEFAULT_BOUNDS, type CodecBounds } from '../options/codec-options.js';
import type { KeptAs } from '../near/kept-value.js';
import { performance } from '../timers.js';
import { inWhatIsLeft } from './call-time.js';
import { ClientEpochs } from './client-epochs.js';
import { ClientLocks } from './client-locks.js';
import { ClientTags } from './client-tags.js';
import { EntryCodec } from './entry-codec.js';
import { aliveKey, isOwn, itemKey, keyOf } from './item-keys.js';
import { LostLeases, mayBeDone } from './lost-leases.js';
import { isAway, isWithoutCas, ownServer } from './own-server.js';
import { SetsUnderWay } from './sets-under-way.js';
import { StaleMarks } from './stale-marks.js';
import { textCodec } from '../client/random-text.js';
import { keptFor, toTtl } from './ttl.js';

/** A counter is no counter while somebody's stub is in its place, which can come back, but hardly so many times. */
const COUNT_ATTEMPTS = 4;

/** A `set` that meets other writes so many times is done without a look at what is there. */
const SET_ATTEMPTS = 3;

/** Asks for the state of a key, and makes one where nothing is, for no longer than a lease lasts by default. */
const WHATEVER_IS_THERE = { leaseSeconds: 3, withoutValue: true } as const;

/** Most items that are remembered because nobody knows what became of a change. */
const MAX_UNSURE = 10_000;

/**
 * The cache's store on memcached. Whatever changes what its readers may see tells near caches of it before it is done.
 */
export class ClientStore implements CacheStore {
  readonly #client: MemcachedClient;
  readonly epochs: ClientEpochs;
  readonly #codec: EntryCodec;
  readonly #tags: ClientTags;
  readonly #lost: LostLeases;
  readonly #locks: ClientLocks;
  readonly #marks: StaleMarks;
  readonly #sets = new SetsUnderWay();
  /** Items of which it is not known whether they were changed, or when they will be. */
  readonly #unsure = new BoundedMap<string, true>(MAX_UNSURE);
  readonly #bounds: CodecBounds;
  /** What was asked for last, which mostly is what will be asked for next. */
  #lastAsked: LeaseOptions = { leaseSeconds: -1 };

  /**
   * @param bounds what the values of one call may come to together.
   * @param limitMs the client's `commandTimeout`.
   */
  constructor(
    client: MemcachedClient,
    bounds: CodecBounds = DEFAULT_BOUNDS,
    readonly limitMs?: number,
  ) {
    this.#client = client;
    this.#bounds = bounds;
    this.#codec = new EntryCodec(client.codec);
    this.#lost = new LostLeases(client);
    this.#marks = new StaleMarks(client, this.#codec, this.#lost, (name, change) =>
      this.#changed(name, change, (changed) => changed),
    );
    this.#locks = new ClientLocks(client, this.#lost, (name) => isAway(client, name));
    this.#tags = new ClientTags(client, (name) => isAway(client, name));
    this.epochs = new ClientEpochs(client, itemKey, (tag) => this.#tags.nameOf(tag));
  }

  check(what: 'keys' | 'tags', names: readonly string[]): void {
    this.#client.leases.checkKeys(names.map(what === 'keys' ? itemKey : (tag) => this.#tags.nameOf(tag)));
  }

  read(
    key: string,
    leaseSeconds: number,
    recacheSeconds: number,
    together?: object,
    keep?: KeptAs,
  ): Promise<CacheReading> {
    const codec = (together as EntryCodec | undefined) ?? this.#codec;
    return this.#client.leaseGet<CacheEntry>(itemKey(key), {
      leaseSeconds,
      recacheSeconds,
      codec: keep === undefined ? codec : codec.keeping(keep),
    });
  }

  ask(
    key: string,
    leaseSeconds: number,
    recacheSeconds: number,
    asker: EntryAsker,
    together?: object,
  ): Promise<unknown> | undefined {
    const codec = (together as EntryCodec | undefined) ?? this.#codec;
    const last = this.#lastAsked;
    if (last.leaseSeconds !== leaseSeconds || last.recacheSeconds !== recacheSeconds || last.codec !== codec)
      this.#lastAsked = { leaseSeconds, recacheSeconds, codec };
    return this.#client.leases.ask(itemKey(key), this.#lastAsked, asker);
  }

  async recheck(key: string): Promise<CacheReading | undefined> {
    const name = itemKey(key);
    if (!this.#client.epochs.tellsAll(name)) return undefined;
    const found = await this.#client.leaseGet<CacheEntry>(name, { leaseSeconds: 0, withoutValue: true });
    // Behind a proxy the token of an item without its bytes is another.
    return found.cas.includes('~') || isWithoutCas(found.cas) ? undefined : found;
  }

  together(): object {
    return new EntryCodec(this.#client.codec, new ReadBudget(this.#bounds));
  }

  write(key: string, entry: CacheEntry, ttlSeconds: number, cas: string): Promise<Written> {
    return this.#changed(
      itemKey(key),
      () => this.#writeOver(key, entry, ttlSeconds, cas),
      (written) => written === 'stored',
    );
  }

  writeLoaded(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    over: CacheReading,
    isChange: boolean,
  ): Promise<Written> {
    const write = (): Promise<Written> => this.#writeLoaded(key, entry, ttlSeconds, over);
    return isChange ? this.#changed(itemKey(key), write, (written) => written === 'stored') : write();
  }

  async #writeLoaded(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    { cas, hit }: CacheReading,
  ): Promise<Written> {
    if (!isWithoutCas(cas)) return this.#writeOver(key, entry, ttlSeconds, cas);
    if (!hit && (await this.#isValue(key))) return 'exists';
    const options = keptFor(ttlSeconds, entry, this.#codec);
    return (await this.#client.replace(itemKey(key), entry, options)) ? 'stored' : 'not-found';
  }

  async set(key: string, entry: CacheEntry, ttlSeconds: number, guardSet: boolean): Promise<boolean> {
    const name = itemKey(key);
    const options = keptFor(ttlSeconds, entry, this.#codec);
    const began = performance.now();
    let failure: unknown;
    try {
      this.#client.epochs.changing(name);
      const stored = await (guardSet
        ? this.#sets.run(name, (later) => this.#setOver(name, entry, options, later))
        : this.#client.set(name, entry, options));
      if (stored) await this.#client.epochs.changed(name);
      if (stored) return true;
    } catch (error) {
      this.#doubt(name, error);
      failure = error;
    }
    // The value it should have replaced must not be there when the server is back.
    await this.remove(key, performance.now() - began);
    if (failure !== undefined) throw failure as Error;
    return false;
  }

  async release(key: string, cas: string, keepSeconds: number | 'rest'): Promise<boolean> {
    const stale = keepSeconds === 'rest' ? keepSeconds : toTtl(keepSeconds);
    return this.#lost.giveBack(itemKey(key), async () => {
      // A delete that names no state would remove what has taken the stub's place.
      if (isWithoutCas(cas) && keepSeconds === 0 && (await this.#isValue(key))) return false;
      return this.#client.invalidateKey(itemKey(key), { cas, stale });
    });
  }

  async prolong(key: string, leaseSeconds: number): Promise<void> {
    await this.#client.renewLease(itemKey(key), leaseSeconds * 1000);
  }

  async announce(key: string, cas: string, leaseSeconds: number): Promise<void> {
    await this.#client.set(aliveKey(key), cas, { ttl: toTtl(leaseSeconds), codec: textCodec });
  }

  async isAnnounced(key: string, cas: string): Promise<boolean> {
    return (await this.#client.get(aliveKey(key), { codec: textCodec })) === cas;
  }

  disown(key: string, error: unknown, leaseSeconds: number, isUsed: (cas: string) => boolean): void {
    this.#lost.add(itemKey(key), error, leaseSeconds > 0, isUsed);
  }

  mayHaveLost(key: string): boolean {
    return this.#lost.has(itemKey(key));
  }

  remove(key: string, spentMs = 0): Promise<boolean> {
    const limits = spentMs === 0 ? undefined : inWhatIsLeft(this.#client, this.limitMs, spentMs);
    return this.#client.invalidateKey(itemKey(key), limits);
  }

  markStale(key: string, keepSeconds: number): Promise<void> {
    return this.#marks.mark(itemKey(key), keepSeconds);
  }

  /** Everything that memcached knows of an entry, and the value. */
  async lookup(key: string, options: CommandOptions = {}): Promise<Lookup<unknown>> {
    checkOptions('lookup', options);
    const found = await this.#client.lookup<CacheEntry | undefined>(itemKey(key), {
      ...options,
      codec: this.#codec,
    });
    if (!found.hit || isHitForMiss(found.value)) return { hit: false };
    return { ...found, value: found.value?.value };
  }

  /** What the server says of the item of a key, such as its age and its last access; `undefined` if there is none. */
  metadebug(key: string, options?: CommandOptions): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#client.metadebug(itemKey(key), options);
  }

  /** Counts; a stub that stands for a lease is no counter, and is replaced by `initial`. */
  async count(
    command: 'incr' | 'decr',
    key: string,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): Promise<number | bigint | undefined> {
    const count = (): Promise<number | bigint | undefined> =>
      this.#client[command](itemKey(key), by as number, options);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await count();
      } catch (error) {
        if (!(error instanceof ServerError) || attempt === COUNT_ATTEMPTS) throw error;
        const there = await this.read(key, 0, 0);
        if (there.hit && !isHitForMiss(there.value)) {
          // A value marked stale gives its right to whoever reads it.
          if (there.won) void this.release(key, there.cas, 'rest').catch(() => undefined);
          throw error;
        }
        if (options?.initial === undefined) return undefined;
        if (!there.busy && !there.hit) continue;
        // Only the stub or the mark goes: whoever holds the lease stores nothing any more, and the counter begins.
        await this.release(key, there.cas, 0);
      }
    }
  }

  tagState(tag: string): Promise<TagState> {
    return this.#tags.state(tag);
  }

  async bumpTag(tag: string, softSeconds: number): Promise<void> {
    const bump = (): Promise<void> => this.#tags.bump(tag, softSeconds);
    await this.#changed(this.#tags.nameOf(tag), bump, () => softSeconds > 0);
  }

  async confirmed(key: string): Promise<void> {
    const name = itemKey(key);
    if (this.#unsure.has(name)) await this.#changed(name, () => Promise.resolve(true), Boolean);
  }

  settled(): Promise<void> | undefined {
    return this.#lost.settled();
  }

  copier(key: string, value: unknown): Copier | Promise<Copier> {
    const { codec } = this.#client;
    return andThen(codec.encode(value, key), ({ data, flags }): Copier => {
      // Text, so that nobody's change of what is decoded reaches the next.
      const taken = typeof data === 'string' ? data : Buffer.from(data);
      return () => codec.decode(Buffer.from(taken as string), flags, key);
    });
  }

  isAway(key: string): boolean {
    return isAway(this.#client, itemKey(key));
  }

  hidesTtl(key: string): boolean {
    return ownServer(this.#client, itemKey(key))?.dialect === 'classic';
  }

  serverWithoutCas(key: string): string | undefined {
    return this.#client.hasCas(itemKey(key)) ? undefined : this.serverFor(key);
  }

  /** The server of a value's key. */
  serverFor(key: string, options?: { down?: readonly string[] }): string {
    return this.#client.serverFor(itemKey(key), options);
  }

  /** The keys of the values that the servers hold. */
  async *keys(options?: KeysOptions): AsyncGenerator<string, void, undefined> {
    const values = this.#client.looks.keys.texts(options, (name) => !isOwn(name));
    for await (const name of values) yield keyOf(name);
  }

  lock(key: string, ttlSeconds: number): Promise<HeldLock | undefined> {
    return this.#locks.take(key, ttlSeconds);
  }

  prolongLock(key: string, token: string, ttlSeconds: number): Promise<boolean> {
    return this.#locks.prolong(key, token, ttlSeconds);
  }

  unlock(key: string, token: string): Promise<boolean> {
    return this.#locks.release(key, token);
  }

  /**
   * Stores over what is there, whatever it is, so that nothing is stored over what comes after: bytes that are held up on
   * their way find another cas there once an invalidation has passed them. Who finds another's write there tries again, unless
   * a later one of this process does so anyway.
   *
   * @returns false when the key was removed in between.
   */
  async #setOver(
    name: string,
    entry: CacheEntry,
    options: StoreOptions,
    later: () => Promise<boolean> | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < SET_ATTEMPTS; attempt += 1) {
      const { cas } = await this.#client.leaseGet(name, WHATEVER_IS_THERE);
      if (isWithoutCas(cas)) break;
      const result = await this.#client.cas(name, entry, cas, options);
      if (result !== 'exists') return result === 'stored';
      const end = later();
      if (end !== undefined) return end;
    }
    return this.#client.set(name, entry, options);
  }

  #writeOver(key: string, entry: CacheEntry, ttlSeconds: number, cas: string): Promise<Written> {
    return this.#client.cas(itemKey(key), entry, cas, keptFor(ttlSeconds, entry, this.#codec));
  }

  /**
   * Changes an item, and tells near caches before it is done.
   *
   * @param isChanged whether it has been changed by that.
   */
  async #changed<T>(name: string, change: () => Promise<T>, isChanged: (result: T) => boolean): Promise<T> {
    const { epochs } = this.#client;
    epochs.changing(name);
    try {
      const result = await change();
      if (isChanged(result)) await epochs.changed(name);
      return result;
    } catch (error) {
      this.#doubt(name, error);
      throw error;
    }
  }

  /** A change of an item that has failed may be done all the same, or be done yet. */
  #doubt(name: string, error: unknown): void {
    if (!mayBeDone(error)) return;
    this.#unsure.set(name, true);
    const tag = this.#tags.tagOf(name);
    const change = tag === undefined ? { key: keyOf(name) } : { tag };
    this.#lost.repairTwice(`epoch of ${name}`, () => this.epochs.changedLate(name, change));
  }

  async #isValue(key: string): Promise<boolean> {
    return (await this.#client.leaseGet(itemKey(key), { leaseSeconds: 0, codec: this.#codec })).hit;
  }
}
