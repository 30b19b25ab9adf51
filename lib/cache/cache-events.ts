import type { CacheReading } from './store.js';

const SOMEBODY: Audience = { hasSubscribers: true };

/** Of what nobody listens to. */
export const NOBODY: Audience = { hasSubscribers: false };

/** Counts what happens and passes it on. */
export class CacheEvents {
  readonly #counts: Record<CacheHappening, number> = {
    hit: 0,
    miss: 0,
    unreadable: 0,
    stale: 0,
    refresh: 0,
    load: 0,
    loadEnd: 0,
    loadFailure: 0,
    shared: 0,
    leaseWon: 0,
    leaseWaited: 0,
    leaseLost: 0,
    takeOver: 0,
    casRetry: 0,
    storeError: 0,
    invalidation: 0,
  };
  readonly #observer: CacheObserver | undefined;
  readonly #audiences: Readonly<Record<CacheHappening, Audience>>;
  /** Whom hits are told. */
  readonly hitAudience: Audience;

  /** @param audiences of the things that the observer is told of only while somebody listens. */
  constructor(observer: CacheObserver | undefined, audiences: CacheAudiences = {}) {
    this.#observer = observer;
    const whoever = observer === undefined ? NOBODY : SOMEBODY;
    const each = Object.keys(this.#counts).map((what) => [
      what,
      (observer && audiences[what as CacheHappening]) ?? whoever,
    ]);
    this.#audiences = Object.fromEntries(each) as Record<CacheHappening, Audience>;
    this.hitAudience = this.#audiences.hit;
  }

  note(what: CacheHappening, key: string, error?: unknown): void {
    this.#counts[what] += 1;
    if (this.#audiences[what].hasSubscribers) this.#observer?.(what, key, error);
  }

  /** `note` of a hit: by far the most there is to note, and half of what it costs is to find the count by its name. */
  noteHit(key: string): void {
    this.#counts.hit += 1;
    if (this.hitAudience.hasSubscribers) this.#observer?.('hit', key);
  }

  /** Counts a hit that nobody is told of. */
  countHit(): void {
    this.#counts.hit += 1;
  }

  /** Nothing that can be served was there; a value that nobody here can read is told apart. */
  missed(key: string, reading: CacheReading | undefined): void {
    if (reading?.hit && reading.value === undefined) this.note('unreadable', key);
    this.note('miss', key);
  }

  /** As `note`, for many keys. */
  noteEach(what: CacheHappening, keys: readonly string[]): void {
    this.#counts[what] += keys.length;
    if (this.#audiences[what].hasSubscribers) for (const key of keys) this.#observer?.(what, key);
  }

  /** The counts of this moment. */
  snapshot(): CacheCounters {
    return { ...this.#counts };
  }
}

/** Something that happened in a cache, as counted and as told to an observer. */
export type CacheHappening =
  /** A fresh value was served. */
  | 'hit'
  /** Nothing that could be served was there. */
  | 'miss'
  /** Bytes were there that nobody here can read, or a value that does not fit the schema; what follows is a miss. */
  | 'unreadable'
  /** A stale value was served. */
  | 'stale'
  /** A stale or soon-to-be stale value was computed anew, behind the responses. */
  | 'refresh'
  /** A loader was called. */
  | 'load'
  /** A call of a loader is over, whatever came of it; what it has computed is stored from here on. */
  | 'loadEnd'
  /** A loader threw, or ran into its time-out. */
  | 'loadFailure'
  /** A caller was given the value that another caller's loader computed in this process. */
  | 'shared'
  /** The right to compute was given to this process. */
  | 'leaseWon'
  /** Another process was computing, and its value waited for. */
  | 'leaseWaited'
  /** A computed value was not stored, since its key or one of its tags had changed meanwhile. */
  | 'leaseLost'
  /** The right of a process that did not come back was taken over. */
  | 'takeOver'
  /** An attempt of `update` met a concurrent change. */
  | 'casRetry'
  /** The store failed, and the caller was not told. */
  | 'storeError'
  /** A key or a tag was invalidated by this process. */
  | 'invalidation';

/** How often each thing has happened since the cache was made. */
export type CacheCounters = Readonly<Record<CacheHappening, number>>;

/** Is told of everything that is counted, as it happens. Must be quick, and must not throw. */
export type CacheObserver = (what: CacheHappening, key: string, error?: unknown) => void;

/** Whether anybody is there to be told; a channel of `node:diagnostics_channel` is one of these. */
export interface Audience {
  readonly hasSubscribers: boolean;
}

/** Whom the things that happen are told, where it is known whether anybody listens. */
export type CacheAudiences = Readonly<Partial<Record<CacheHappening, Audience>>>;
