import { LRUCache } from 'lru-cache';
import type { Clock } from '../cache/clock.js';
import { Order } from '../cache/order.js';
import type { ResolvedNearOptions } from '../options/near-options.js';
import type { EpochPlace, EpochStore, LateChange } from './epoch-store.js';
import { Epochs, type Epoch } from './epochs.js';
import type { BegunRead, KeptAs, KeptValue } from './kept-value.js';
import { BusSession, type BusAudience, type NearBusReport } from './bus-session.js';
import { LastChanges } from './last-changes.js';
import { AdmissionFilter } from './admission-filter.js';

/** What an entry costs beside its value and its key, roughly, in bytes. */
const ENTRY_BYTES = 300;

/** From here on it costs less to ask whether a value has changed than to read it: 3 µs of processor time instead of 27. */
const WORTH_ASKING_BYTES = 4096;

/** A server drops its items by its own clock, which counts in seconds: so much later than it was told, at most. */
const FLUSH_LATE_MS = 1000;

const NONE: readonly never[] = Object.freeze([]);

/**
 * Values in this process, in front of the store's.
 *
 * An entry bears the epoch of its key, and those of its tags, known before its value was read. It is served only while those are
 * the epochs, asked for no longer than the reader's `near` ago. Whoever changes something bumps its epoch before he is told that
 * it has changed. So a read that begins more than that after an invalidation has returned gets nothing older, whatever
 * message, connection or process is lost.
 */
export class NearCache implements BusAudience {
  readonly #store: EpochStore;
  readonly #clock: Clock;
  readonly #options: ResolvedNearOptions;
  readonly #order = new Order();
  readonly #epochs: Epochs;
  readonly #entries: LRUCache<string, NearEntry>;
  /** How entries are asked for: one object, since `lru-cache` makes one for each question otherwise, and writes into it. */
  readonly #asking: LRUCache.GetOptions<string, NearEntry, unknown> = { status: undefined };
  /** What has changed, as far as this process knows. */
  readonly #changed: LastChanges;
  readonly #bus: BusSession | undefined;
  readonly #admissionFilter: AdmissionFilter;
  /** When servers last began or ceased to answer for keys. */
  #serversChangedAt = 0;
  #closed = false;
  /** Call off what is to be done about items that will be dropped. */
  readonly #flushes = new Set<() => void>();
  readonly #counts = {
    hits: 0,
    misses: 0,
    admitted: 0,
    refused: { once: 0, early: 0, large: 0, sealed: 0, other: 0 },
  };

  constructor(store: EpochStore, options: ResolvedNearOptions, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#options = options;
    this.#changed = new LastChanges(options.busSecret);
    const limits = { maxAgeMs: options.maxAge, maxAgeWithBusMs: options.maxAgeWithBus };
    this.#bus = options.bus && new BusSession(options.bus, limits, clock, this);
    this.#epochs = new Epochs(store, clock, this.#order, (nearMs, askedAt) =>
      this.#bus?.isTrusted === true && askedAt >= this.#bus.trustedSince ? this.#withBusMs(nearMs) : nearMs,
    );
    this.#admissionFilter = new AdmissionFilter(clock, options.maxItems);
    this.#entries = new LRUCache<string, NearEntry>({
      max: Math.max(1, options.maxItems),
      maxSize: options.maxBytes ?? Number.MAX_SAFE_INTEGER,
    });
    store.onServersChange((keysMoved) => {
      this.#serversChangedAt = this.#order.next();
      if (keysMoved) this.clear();
    });
    if (this.#bus !== undefined) store.onLateChange((change) => this.#changedLate(change));
  }

  /**
   * What is kept under a key, if it may be served.
   *
   * @param terms of the reader; what was kept on other terms is none of his.
   */
  find(key: string, terms: NearTerms): KeptValue | undefined {
    const asking = this.#asking;
    asking.status = undefined;
    const entry = this.#entries.get(key, asking);
    if (entry === undefined) {
      this.#counts.misses += 1;
      return undefined;
    }
    const now = this.#clock.now();
    if (!this.#isCurrent(entry, now, terms.nearMs) || now >= entry.until || !isAlike(entry.terms, terms)) {
      this.#counts.misses += 1;
      this.#epochs.use(terms.nearMs);
      return undefined;
    }
    this.#epochs.isInUse = true;
    this.#counts.hits += 1;
    return entry.value;
  }

  /**
   * Counts a read of a value that was not found here and is about to be read from the store, and has epochs asked for where
   * it may be kept.
   *
   * @returns how its bytes are to be kept, and when the read begins; undefined where they are not.
   */
  beginRead(key: string, terms: NearTerms): BegunRead | undefined {
    if (this.#closed || this.#options.maxItems === 0) return undefined;
    // What is kept, and may not be served now, has been read often.
    if (!this.#entries.has(key) && !this.#admissionFilter.recordRead(key, terms.nearMs)) {
      this.#counts.refused.once += 1;
      return undefined;
    }
    this.#epochs.use(terms.nearMs);
    return { as: terms.share === 'same' ? 'same' : 'copy', moment: this.#order.now, at: this.#clock.now() };
  }

  /**
   * What is kept under a key and may not be served any more, but may be what is stored all the same, and is so large that it is
   * worth asking.
   */
  doubtful(key: string, terms: NearTerms): Doubtful | undefined {
    const entry = this.#entries.peek(key);
    if (entry === undefined || entry.value.size < WORTH_ASKING_BYTES || entry.cas === '') return undefined;
    return isAlike(entry.terms, terms) ? entry : undefined;
  }

  /**
   * Keeps a value that was read, if nothing can have changed since.
   *
   * @param admission what else is known of it.
   */
  admit(key: string, value: KeptValue, { read, terms, versions, ttlMs, cas }: ReadValue): void {
    const { moment } = read;
    const tags = versions.map(({ tag }) => tag);
    const place = this.#store.epochOfKey(key);
    if (this.#closed || moment < this.#serversChangedAt || place === undefined) {
      this.#counts.refused.other += 1;
      return;
    }
    if (value.isSealed === true && !this.#options.sealed) {
      this.#counts.refused.sealed += 1;
      return;
    }
    if (value.size > this.#options.maxValueBytes) {
      this.#counts.refused.large += 1;
      return;
    }
    const epoch = this.#epochBefore(place, moment);
    const others: readonly (Epoch | undefined)[] =
      tags.length === 0 ? NONE : tags.map((tag) => this.#epochBefore(this.#store.epochOfTag(tag), moment));
    if (epoch === undefined || others.includes(undefined)) {
      this.#counts.refused.early += 1;
      return;
    }
    const entry: NearEntry = {
      value,
      terms,
      cas,
      versions,
      epoch,
      others: others as readonly Epoch[],
      until: read.at + this.#freshMs(place.server, ttlMs, terms),
      moment,
      keyHash: this.#changed.hashOfKey(key),
      tagHashes: tags.length === 0 ? NONE : tags.map((tag) => this.#changed.hashOfTag(tag)),
    };
    if (!this.#isUnchanged(entry)) {
      this.#counts.refused.early += 1;
      return;
    }
    this.#counts.admitted += 1;
    this.#entries.set(key, entry, { size: value.size + key.length + ENTRY_BYTES });
  }

  /**
   * A key is about to change, or has changed: what was read before this is not served, nor kept.
   *
   * @param isDone whether it has changed, so that other processes are to be told.
   */
  forget(key: string, isDone: boolean): void {
    this.#forget(this.#changed.hashOfKey(key), isDone);
    this.#entries.delete(key);
  }

  /** Likewise for all that bears a tag. */
  forgetTag(tag: string, isDone: boolean): void {
    this.#forget(this.#changed.hashOfTag(tag), isDone);
  }

  /** Another process has changed a name. */
  changed(low: number, _high: number): void {
    this.#changed.set(low, this.#order.next());
  }

  /** Another process may have changed anything. */
  allChanged(): void {
    this.#serversChangedAt = this.#order.next();
    this.#entries.clear();
  }

  /** What was asked before now is not relied on for longer because of the bus. */
  lost(): void {
    this.#epochs.hurryUp();
  }

  /** Nothing of what is kept is served any more. */
  clear(): void {
    this.#epochs.clear();
    this.#entries.clear();
  }

  /** The store drops everything: now, or in so many milliseconds, when it is forgotten once more, here and by other processes. */
  flushed(delayMs: number): void {
    if (this.#closed) return;
    this.clear();
    this.#bus?.tellAll();
    if (delayMs === 0) return;
    const again = (): void => {
      this.#flushes.delete(callOff);
      this.flushed(0);
    };
    const callOff = this.#clock.after(delayMs + FLUSH_LATE_MS, again, false);
    this.#flushes.add(callOff);
  }

  /** What is kept, and how it does. */
  report(): NearCacheReport {
    const epochAgeMs = this.#epochs.ageMs();
    return {
      items: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      ...structuredClone(this.#counts),
      polls: this.#epochs.polls,
      ...(this.#bus === undefined ? {} : { bus: this.#bus.report() }),
      ...(epochAgeMs === undefined || epochAgeMs === Number.POSITIVE_INFINITY ? {} : { epochAgeMs }),
    };
  }

  /**
   * Keeps and serves nothing any more, and tells the others of changes for as long as there may be any.
   *
   * @param endStore settles when there are none any more.
   */
  async close(endStore: () => Promise<void>): Promise<void> {
    this.#closed = true;
    for (const callOff of this.#flushes) callOff();
    this.#epochs.close();
    this.#entries.clear();
    try {
      await endStore();
    } finally {
      await this.#bus?.close(this.#store.owesChanges());
    }
  }

  /** What was told when its change was begun, or owed, is to be told again: others may have read what was there before. */
  #changedLate({ key, tag }: LateChange): void {
    if (key !== undefined) this.forget(key, true);
    else if (tag !== undefined) this.forgetTag(tag, true);
    else this.#bus?.tellAll();
  }

  #forget(hash: number, isDone: boolean): void {
    this.#changed.set(hash, this.#order.next());
    if (isDone) this.#bus?.tell(hash, this.#changed.high);
  }

  /** For how long a value may be served, if nothing changes: to the end of its ttl less what is kept beyond it, or refreshed ahead. */
  #freshMs(
    server: string,
    ttlMs: number | undefined,
    { nearMs, graceSeconds, recacheSeconds }: NearTerms,
  ): number {
    if (ttlMs === undefined) return this.#store.tellsTtl(server) ? Number.POSITIVE_INFINITY : nearMs;
    const leftMs = ttlMs - Math.max(graceSeconds, recacheSeconds) * 1000;
    // Of the last second it is not known how much is left; but it was fresh when it was read.
    return Math.max(leftMs - 1000, Math.min(leftMs, nearMs));
  }

  #epochBefore(place: EpochPlace | undefined, moment: number): Epoch | undefined {
    const epoch = place && this.#epochs.at(place);
    return epoch !== undefined && epoch.since <= moment ? epoch : undefined;
  }

  #isCurrent(entry: NearEntry, now: number, nearMs: number): boolean {
    const { epoch, others } = entry;
    const bus = this.#bus;
    let since = now - nearMs;
    if (bus !== undefined && now < bus.trustedUntil) {
      since = Math.min(since, Math.max(now - this.#withBusMs(nearMs), bus.trustedSince));
    }
    if (epoch.isOver || epoch.server.askedAt < since || !this.#isUnchanged(entry)) return false;
    if (others.length === 0) return true;
    return others.every((other) => !other.isOver && other.server.askedAt >= since);
  }

  /** For how long an answer is relied on while the bus is: no longer than without, by who cannot wait until the bus is missed. */
  #withBusMs(nearMs: number): number {
    const { maxAge, maxAgeWithBus } = this.#options;
    return nearMs < maxAge ? nearMs : Math.max(nearMs, maxAgeWithBus);
  }

  /** Whether this process has changed none of it since its read began. */
  #isUnchanged({ moment, keyHash, tagHashes }: NearEntry): boolean {
    const changed = this.#changed;
    if (changed.at(keyHash) > moment) return false;
    if (tagHashes === NONE) return true;
    return tagHashes.every((tagHash) => changed.at(tagHash) <= moment);
  }
}

/** On what terms a value is read; part of every policy. */
export interface NearTerms {
  /** How long ago it may have been current: milliseconds. */
  readonly nearMs: number;
  readonly share: KeptAs | undefined;
  readonly graceSeconds: number;
  readonly recacheSeconds: number;
  readonly tags: readonly string[];
  readonly schema: unknown;
}

/** What is known of a value that was read. */
export interface ReadValue {
  readonly read: BegunRead;
  readonly terms: NearTerms;
  readonly versions: readonly { readonly tag: string; readonly version: string }[];
  /** Names the state that was read; `''` where that is not comparable. */
  readonly cas: string;
  /** Until the store drops it; undefined where it never does, or cannot tell. */
  readonly ttlMs: number | undefined;
}

/** How a near cache does. */
export interface NearCacheReport {
  readonly items: number;
  /** Of the values as they are stored, with their keys, and what an entry takes besides. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly admitted: number;
  /** Values that were read and not kept, by reason. */
  readonly refused: {
    /** Not read before, within the time that it could be served for. */
    readonly once: number;
    /** Read before its epoch was known, or while it changed. */
    readonly early: number;
    /** Larger than `maxValueBytes`. */
    readonly large: number;
    /** Encrypted on memcached. */
    readonly sealed: number;
    /** Its server was away, or keys moved. */
    readonly other: number;
  };
  /** Questions for the epochs that were sent. */
  readonly polls: number;
  /** How long ago those were sent that were answered last. */
  readonly epochAgeMs?: number;
  readonly bus?: NearBusReport;
}

/** What may still be what is stored. */
export interface Doubtful extends Pick<ReadValue, 'cas' | 'versions'> {
  readonly value: KeptValue;
}

interface NearEntry extends Doubtful {
  readonly terms: NearTerms;
  readonly epoch: Epoch;
  /** Of its tags. */
  readonly others: readonly Epoch[];
  /** When it ceases to be fresh. */
  readonly until: number;
  /** Before it was read. */
  readonly moment: number;
  readonly keyHash: number;
  readonly tagHashes: readonly number[];
}

/** Whether what was read on some terms may be served on others. */
function isAlike(a: NearTerms, b: NearTerms): boolean {
  if (a === b) return true;
  return (
    (a.share === 'same') === (b.share === 'same') &&
    a.graceSeconds === b.graceSeconds &&
    a.recacheSeconds === b.recacheSeconds &&
    a.schema === b.schema &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, index) => tag === b.tags[index])
  );
}
