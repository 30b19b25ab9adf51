import type { EpochStore } from '../near/epoch-store.js';
import type { KeptAs, KeptValue } from '../near/kept-value.js';

/** The version a tag had at some moment; compared for equality only. */
export interface TagVersion {
  readonly tag: string;
  readonly version: string;
}

/**
 * What an entry is.
 *
 * `value`: a value. `no-refresh-ahead`: a value that is never refreshed ahead of its expiry, since its ttl is shorter than the
 * policy's, and every read would look due. `hit-for-miss`: the mark of a load that left nothing to store, by which readers
 * know that they need not wait for each other. `hit-for-miss-result`: the same, with what the load returned, for those who
 * were waiting for it.
 */
export type EntryKind = 'value' | 'no-refresh-ahead' | 'hit-for-miss' | 'hit-for-miss-result';

/** What lies under a key: the value, and the versions its tags had before its load began. */
export interface CacheEntry {
  readonly value: unknown;
  /** Empty for an entry without tags. */
  readonly tags: readonly TagVersion[];
  readonly kind: EntryKind;
  /** How much of its ttl is grace, in whole seconds, where it is stored by a policy with one. */
  readonly graceSeconds?: number;
  /** The value as a near cache keeps it, where a read asked for that, and it can be kept. */
  readonly kept?: KeptValue | undefined;
}

/** Whether an entry is the mark of a load that left nothing to store, and no value. */
export function isHitForMiss(entry: CacheEntry | undefined): boolean {
  const kind = entry?.kind;
  return kind === 'hit-for-miss' || kind === 'hit-for-miss-result';
}

/** How the store answers one read. */
export interface CacheReading {
  /** Something is stored; `false` also over the stub that stands for somebody's lease. */
  readonly hit: boolean;
  /** `undefined` on a miss, and on a hit whose bytes nobody here can read. */
  readonly value: CacheEntry | undefined;
  /**
   * Names what the read found, stubs included: a write that carries it fails once that has changed, or once the server
   * has lost what it held, or the key belongs to another.
   */
  readonly cas: string;
  /** Milliseconds until the store drops it, in whole seconds of the store's clock; `undefined` when it never does. */
  readonly ttl: number | undefined;
  /** The right to compute was given to this reader, and to nobody else. */
  readonly won: boolean;
  /** The right to compute was given to somebody else before. */
  readonly busy: boolean;
  /** Marked stale by `markStale` or `release`. */
  readonly stale: boolean;
}

/**
 * Stands for the call that a read is made for. Its promise brings the value where that is all there is to say, and otherwise what
 * one of these functions returns.
 */
export interface EntryAsker {
  /** A value that is kept for no longer than its grace is not all; 0 leaves it out of account. */
  readonly policy: { readonly graceSeconds: number };
  /** Whether it is to be told of every value. */
  readonly wantsAll: boolean;
  found(reading: CacheReading): unknown;
  /** The store could not be asked. */
  failed(error: unknown): unknown;
}

/** The state of a tag: its version, and for how long it has been that. */
export interface TagState extends TagVersion {
  /**
   * Whole seconds for which it has been that, by the store's clock; may be off by one. 0 where the store cannot tell.
   */
  readonly ageSeconds: number;
  /** The version before a soft bump, for as long as values that bear it may be served as stale ones. */
  readonly staleVersion: string | undefined;
}

/** Makes another object of a value. */
export type Copier = () => unknown;

/** What became of a write over what was read: `'exists'` when something else is there by then, `'not-found'` when nothing is. */
export type Written = 'stored' | 'exists' | 'not-found';

/** A lock that was taken. */
export interface HeldLock {
  /** Unlocks. */
  readonly token: string;
  /** Greater than that of every earlier holder, in the life of the store. */
  readonly fence: number;
}

/**
 * The few operations the cache needs of a store. It is told times in whole seconds, since memcached counts in those.
 *
 * Misses and lost races are results; a promise rejects only when the store could not be asked. Operations begun in
 * one turn of the event loop should leave in one write: the cache begins many reads at once and relies on it.
 */
export interface CacheStore {
  /** The longest that an operation takes, in milliseconds; absent where they take as long as they take. */
  readonly limitMs?: number | undefined;

  /** What a near cache in front of the store is told of changes by; absent where none can stand in front of it. */
  readonly epochs?: EpochStore;

  /** Refuses keys or tags of which it cannot take one, before anything is done about the others. @throws {InvalidArgumentError} */
  check?(what: 'keys' | 'tags', names: readonly string[]): void;

  /**
   * Reads an entry, and asks for the right to compute it: on a miss for `leaseSeconds`, on a hit when less than
   * `recacheSeconds` are left of it, and on any hit that is marked stale. The right is given once.
   *
   * @param leaseSeconds 0 asks for no right on a miss and leaves no stub.
   * @param recacheSeconds 0 asks for no right on an entry that is not marked stale.
   * @param together the reads that this is one of.
   * @param keep has the entry come with its value as it is to be kept.
   */
  read(
    key: string,
    leaseSeconds: number,
    recacheSeconds: number,
    together?: object,
    keep?: KeptAs,
  ): Promise<CacheReading>;

  /**
   * Reads as `read` does, for one call, which mostly wants nothing but the value: that of an entry without tags, of the kind
   * `value`, that nobody is or should be computing.
   *
   * @returns a promise that never rejects; undefined where it takes `read`.
   */
  ask?(
    key: string,
    leaseSeconds: number,
    recacheSeconds: number,
    asker: EntryAsker,
    together?: object,
  ): Promise<unknown> | undefined;

  /**
   * Reads all of an entry but its value, and asks for no rights, to see whether it is what was read before. Undefined where tokens
   * cannot be compared, or nothing is spared by that.
   */
  recheck?(key: string): Promise<CacheReading | undefined>;

  /** Begins reads of many keys for one caller: what they find together has a bound, as a value has one of its own. */
  together?(): object;

  /**
   * Stores an entry if what a read found under the key is still there; otherwise the store is left as it was.
   *
   * @param ttlSeconds 0 never expires.
   */
  write(key: string, entry: CacheEntry, ttlSeconds: number, cas: string): Promise<Written>;

  /**
   * Like `write`, for a value that was loaded after a read. A store without cas tokens compares as well as it can: nothing is
   * stored when the key was invalidated meanwhile, unless somebody else has begun to compute it by then.
   *
   * @param isChange whether near caches are told before it is done, as of any other change: they may hold what was read, whose
   *   time is not over.
   */
  writeLoaded(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    over: CacheReading,
    isChange: boolean,
  ): Promise<Written>;

  /**
   * Stores an entry whatever is there. Leases given out before are void. Where that fails, what is there is removed, as by
   * `remove`, before it rejects.
   *
   * @param guardSet asks first what is there, and stores over that: nothing is stored when the key is removed meanwhile,
   *   however late the bytes of the write arrive.
   * @returns false where the store does without, and where it was removed.
   */
  set(key: string, entry: CacheEntry, ttlSeconds: number, guardSet: boolean): Promise<boolean>;

  /**
   * Gives a right back, so that the next reader wins it. Where that fails, it is tried again as soon as the store can be asked.
   *
   * @param keepSeconds for how long the entry stays, marked stale: `'rest'` for what is left of its life; 0 removes it, as
   *   a stub must be.
   * @returns false when the key has changed since, and nothing was done.
   */
  release(key: string, cas: string, keepSeconds: number | 'rest'): Promise<boolean>;

  /**
   * Prolongs a stub, as a sign that whoever has the right lives. To be called only while the stub is there: what took its
   * place would end after `leaseSeconds` as well.
   */
  prolong(key: string, leaseSeconds: number): Promise<void>;

  /** Notes beside an entry that whoever has the right to replace it lives, for `leaseSeconds`. The entry stays as it is. */
  announce(key: string, cas: string, leaseSeconds: number): Promise<void>;

  /** Whether such a note is there. */
  isAnnounced(key: string, cas: string): Promise<boolean>;

  /**
   * Takes back the right that a read which has failed may have been given all the same: its stub is removed as soon as the
   * store can be asked, and the right to replace a value marked stale is given back. Does nothing when the error says that
   * the read was never carried out.
   *
   * @param leaseSeconds what the read has asked for; 0 leaves no stub.
   * @param isUsed whether a right, named by its cas, is in use.
   */
  disown(key: string, error: unknown, leaseSeconds: number, isUsed: (cas: string) => boolean): void;

  /** Whether the right to a key that somebody seems to have may be nobody's: given to a read of this process whose answer got lost, or not given back. */
  mayHaveLost?(key: string): boolean;

  /**
   * Removes an entry and voids every lease on it. A store that cannot reach the key's node may resolve as well, if
   * it has undertaken to remove it before the node is read from again.
   *
   * @param spentMs how long the call has taken that it is part of, and whose time is not to begin anew.
   * @returns whether something was there; a stub counts. False when it could not be asked.
   */
  remove(key: string, spentMs?: number): Promise<boolean>;

  /**
   * Marks an entry stale, to be dropped after `keepSeconds`, and voids every lease on it; a stub, which nobody can be served,
   * is removed. Otherwise like `remove`.
   */
  markStale(key: string, keepSeconds: number): Promise<void>;

  /**
   * Tells near caches of a value that was left as it is, if this process has tried to change it and does not know what became of
   * that. All changes do so by themselves.
   */
  confirmed?(key: string): Promise<void>;

  /**
   * Waits until all that failed a moment ago, and is looked at once more for that, is being looked at; undefined where there is
   * nothing.
   */
  settled?(): Promise<void> | undefined;

  /**
   * Takes down a value as it is now, for as many objects of it as are asked for, each as a read of it would be.
   *
   * @throws what storing it would throw, where it cannot be stored; or rejects with it.
   */
  copier(key: string, value: unknown): Copier | Promise<Copier>;

  /** Whether whoever answers for a key now does so in another's place, and knows nothing of what that one has. */
  isAway(key: string): boolean;

  /** The server of a key if it is known to give its items no cas tokens, so that no write can be tied to a read. */
  serverWithoutCas(key: string): string | undefined;

  /** Whether nobody can tell how much of the ttl of a key's entry is left, so that it is taken for one that never expires. */
  hidesTtl?(key: string): boolean;

  /** Reads the state of a tag. A tag that is not known is made, with a version that it never had before. */
  tagState(tag: string): Promise<TagState>;

  /**
   * Gives a tag a version that it never had before; when its node is away, like `remove`.
   *
   * @param softSeconds for how long values that bear the version before may be served as stale ones; 0 = not at all. A
   * store that cannot remember the version before may do without.
   */
  bumpTag(tag: string, softSeconds: number): Promise<void>;

  /**
   * Takes a lock, which nobody else can have for `ttlSeconds` from the call on.
   *
   * @returns undefined when somebody holds it. Rejects when it could not be had of the server that others would ask.
   */
  lock(key: string, ttlSeconds: number): Promise<HeldLock | undefined>;

  /**
   * Has a lock last from now on for so many seconds.
   *
   * @returns false when it is not held under that token any more, or cannot be said to be.
   */
  prolongLock(key: string, token: string, ttlSeconds: number): Promise<boolean>;

  /**
   * Releases a lock that is held by `token`.
   *
   * @returns whether it was held by it until now.
   */
  unlock(key: string, token: string): Promise<boolean>;
}
