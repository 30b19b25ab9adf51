import type { Counters } from './counters.js';
import { CRLF, type Item, itemBytes, valueBytes } from './item.js';

/** Longest exptime read as seconds from now; a larger one is a Unix time. */
const MAX_RELATIVE_SECONDS = 60 * 60 * 24 * 30;

/** memcached's clock starts at 62 seconds; what is over at once expires at second 1 of it. */
const LONG_OVER_MS = 61_000;

/** Number of items below which nobody goes looking for expired ones. */
const FIRST_SWEEP = 1024;

const UINT64_MASK = 2n ** 64n - 1n;

const COUNTER = /^[\t-\r ]*\+?(\d+)(?:[\t-\r \0]|$)/;

const NO_CONDITIONS: StoreConditions = { cas: 0, acceptStale: false };

/**
 * The items of one server: expiry, cas numbers, the memory limit.
 *
 * An item lives for exactly its ttl by the given clock; a real server counts whole seconds and may drop it up to one
 * second early.
 */
export class ItemStore {
  readonly #items = new Map<string, Item>();
  readonly #options: ItemStoreOptions;
  readonly #startedAt: number;
  #bytes = 0;
  #lastCas = 0;
  #flushAt = Infinity;
  #sweepAbove = FIRST_SWEEP;

  constructor(options: ItemStoreOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Bytes of all items, as the item size limit counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Turns a command's exptime into a moment: 0 is never, negative is already over. */
  expiryOf(exptime: number): number {
    if (exptime === 0) return Infinity;
    const longOver = this.#startedAt - LONG_OVER_MS;
    if (exptime < 0) return longOver;
    if (exptime <= MAX_RELATIVE_SECONDS) return this.#options.now() + exptime * 1000;
    const moment = exptime * 1000;
    return moment > this.#startedAt ? moment : longOver;
  }

  /** Seconds an item has left, -1 if it never expires; negative ones wrap to 32 bits, as memcached shows them. */
  secondsLeft(item: Item): number {
    if (item.expiresAt === Infinity) return -1;
    return Math.ceil((item.expiresAt - this.#options.now()) / 1000) >>> 0;
  }

  /** Whether an item ends before what an exptime says, in whole seconds; never where one of them does not end. */
  endsBefore(item: Item, exptime: number): boolean {
    if (exptime <= 0 || item.expiresAt === Infinity) return false;
    const leftSeconds = (moment: number): number => Math.ceil((moment - this.#options.now()) / 1000);
    return leftSeconds(item.expiresAt) < leftSeconds(this.expiryOf(exptime));
  }

  secondsSinceAccess(item: Item): number {
    return Math.floor((this.#options.now() - item.accessedAt) / 1000);
  }

  /** The living item of a key, without counting that as an access. */
  peek(key: string): Item | undefined {
    const now = this.#options.now();
    if (now >= this.#flushAt) this.flush(0);
    const item = this.#items.get(key);
    if (item !== undefined && item.expiresAt <= now) {
      this.#expire(item);
      return undefined;
    }
    return item;
  }

  /** Notes that an item was fetched: it is then the last to be evicted. */
  markFetched(item: Item): void {
    item.fetched = true;
    item.accessedAt = this.#options.now();
    if (this.#bytes * 2 > this.#options.memoryLimitBytes && this.#items.delete(item.key)) {
      this.#items.set(item.key, item);
    }
  }

  /** Carries out a storage command, and tells the new cas number, which is 0 when nothing was stored. */
  store(mode: StoreMode, draft: Draft, conditions = NO_CONDITIONS): { outcome: StoreOutcome; cas: number } {
    const old = this.peek(draft.key);
    const outcome =
      old === undefined ? this.#create(mode, draft) : this.#update(mode, draft, old, conditions);
    return { outcome, cas: outcome === 'stored' ? this.#lastCas : 0 };
  }

  /** Makes an item that never expires, to begin with. */
  create(key: string, block: Buffer): Item {
    return this.#link({ key, binaryKey: false, flags: 0, expiresAt: Infinity, block });
  }

  /** Makes the empty item that stands for a value which somebody computes (`mg … N`). */
  createStub(key: string): Item {
    const item = this.create(key, CRLF);
    item.leased = true;
    return item;
  }

  /**
   * Adds to, or takes from, a decimal number: up it wraps at 2^64, down it stops at 0.
   *
   * A result that is no longer than what is there is written over it and padded with blanks; a longer one makes a new
   * item, which is neither stale nor leased.
   *
   * @returns the new number, `undefined` if the value is not one.
   */
  count(item: Item, delta: bigint, down: boolean): bigint | undefined {
    const length = valueBytes(item);
    const match = COUNTER.exec(item.block.toString('latin1', 0, length));
    const current = match === null ? undefined : BigInt(match[1]);
    if (current === undefined || current > UINT64_MASK) return undefined;
    const result = down ? (delta > current ? 0n : current - delta) : (current + delta) & UINT64_MASK;
    const digits = String(result);
    if (digits.length <= length) {
      item.block = Buffer.from(`${digits.padEnd(length)}\r\n`, 'latin1');
      item.cas = ++this.#lastCas;
    } else {
      // Whoever has counted still holds the old item, which bears the new cas number, and changes nothing else any more.
      item.cas = this.#link({ ...item, binaryKey: false, block: Buffer.from(`${digits}\r\n`, 'latin1') }).cas;
    }
    return result;
  }

  /** Marks an item stale: the next reader may recompute it, and whoever had its cas number can store no more. */
  markStale(item: Item, expiresAt: number | undefined): void {
    if (expiresAt !== undefined) item.expiresAt = expiresAt;
    item.stale = true;
    item.leased = false;
    item.cas = ++this.#lastCas;
  }

  delete(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    this.#bytes -= bytesOf(item);
  }

  /** Lets all that is kept, and a flush that is still to come, be so much older. */
  age(byMs: number): void {
    for (const item of this.#items.values()) {
      item.expiresAt -= byMs;
      item.accessedAt -= byMs;
    }
    this.#flushAt -= byMs;
  }

  /** Drops everything that is stored by then; a later flush replaces one that is still to come. */
  flush(delaySeconds: number): void {
    if (delaySeconds > 0) {
      this.#flushAt = this.expiryOf(delaySeconds);
      return;
    }
    this.#flushAt = Infinity;
    this.#items.clear();
    this.#bytes = 0;
  }

  /** All living items, the least recently stored first. */
  living(): Item[] {
    const now = this.#options.now();
    if (now >= this.#flushAt) this.flush(0);
    for (const item of this.#items.values()) if (item.expiresAt <= now) this.#expire(item);
    return [...this.#items.values()];
  }

  #create(mode: StoreMode, draft: Draft): StoreOutcome {
    if (mode === 'set' || mode === 'add') {
      this.#link(draft);
      return 'stored';
    }
    if (mode === 'cas') {
      this.#options.counters.cas_misses++;
      return 'not-found';
    }
    return 'not-stored';
  }

  #update(mode: StoreMode, draft: Draft, old: Item, { cas, acceptStale }: StoreConditions): StoreOutcome {
    switch (mode) {
      case 'add':
        return 'not-stored';
      case 'cas':
        return this.#compareAndSet(draft, old, cas, acceptStale);
      case 'append':
      case 'prepend':
        return cas === 0 || cas === old.cas ? this.#extend(mode, draft, old) : 'exists';
      default:
        this.#link(draft);
        return 'stored';
    }
  }

  #compareAndSet(draft: Draft, old: Item, cas: number, acceptStale: boolean): StoreOutcome {
    if (cas !== 0 && cas === old.cas) {
      this.#options.counters.cas_hits++;
      this.#link(draft);
      return 'stored';
    }
    if (cas !== 0 && acceptStale && cas < old.cas) {
      const { leased } = old;
      const item = this.#link({ ...draft, expiresAt: old.expiresAt });
      item.stale = true;
      item.leased = leased;
      return 'stored';
    }
    this.#options.counters.cas_badval++;
    return 'exists';
  }

  #extend(mode: 'append' | 'prepend', draft: Draft, old: Item): StoreOutcome {
    const [first, second] = mode === 'append' ? [old.block, draft.block] : [draft.block, old.block];
    const block = Buffer.concat([first.subarray(0, first.length - CRLF.length), second]);
    const { key, flags, expiresAt } = old;
    if (itemBytes(key, flags, block.length - CRLF.length) > this.#options.maxItemBytes) return 'not-stored';
    this.#link({ key, binaryKey: false, flags, expiresAt, block });
    return 'stored';
  }

  #link({ key, block, flags, expiresAt, binaryKey }: Draft): Item {
    this.delete(key);
    const item: Item = {
      key,
      block,
      flags,
      expiresAt,
      cas: ++this.#lastCas,
      accessedAt: this.#options.now(),
      fetched: false,
      binaryKey,
      stale: false,
      leased: false,
    };
    this.#items.set(key, item);
    this.#bytes += bytesOf(item);
    this.#options.counters.total_items++;
    this.#makeRoom(item);
    return item;
  }

  /** Evicts from the front while there are too many bytes, and drops what has expired whenever the number doubled. */
  #makeRoom(keep: Item): void {
    if (this.#items.size > this.#sweepAbove)
      this.#sweepAbove = Math.max(FIRST_SWEEP, this.living().length * 2);
    for (const item of this.#items.values()) {
      if (this.#bytes <= this.#options.memoryLimitBytes || item === keep) return;
      this.#options.counters.evictions++;
      if (!item.fetched) this.#options.counters.evicted_unfetched++;
      this.delete(item.key);
    }
  }

  #expire(item: Item): void {
    this.#options.counters.reclaimed++;
    if (!item.fetched) this.#options.counters.expired_unfetched++;
    this.delete(item.key);
  }
}

export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas';

export type StoreOutcome = 'stored' | 'not-stored' | 'exists' | 'not-found';

/** What a storage command brings. */
export interface Draft {
  readonly key: string;
  readonly binaryKey: boolean;
  readonly flags: number;
  readonly expiresAt: number;
  /** The value and CR LF; the store keeps it. */
  readonly block: Buffer;
}

export interface StoreConditions {
  /** The cas number the item must have; 0 for any. */
  readonly cas: number;
  /** Whether an older cas number is good enough, and the item then stored as stale (`ms … C I`). */
  readonly acceptStale: boolean;
}

export interface ItemStoreOptions {
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly maxItemBytes: number;
  readonly memoryLimitBytes: number;
  readonly counters: Counters;
}

function bytesOf(item: Item): number {
  return itemBytes(item.key, item.flags, valueBytes(item));
}
