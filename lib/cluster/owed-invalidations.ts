import type { Dialect } from '../connection/negotiation.js';
import { LONG_PAST } from '../protocol/exptime.js';
import { Request } from '../protocol/request.js';
import { isPlainKey } from '../protocol/wire-key.js';
import { unixMs } from '../unix-time.js';
import type { EpochBumps } from './epoch-bumps.js';
import { KeyFilter } from './key-filter.js';

/** Stands for a delete where a stale mark has its end. */
const DELETE = -1;

/** Stands before a key that is base64 for other bytes, so that the plain key of the same text is another one. */
const BINARY = '\0';

/**
 * What one server is still owed: deletes and stale marks that could not reach it.
 *
 * Kept in memory, a key in about a hundred bytes (`bench/micro/owed-keys.mjs`), and bounded. Past the bound, keys are kept
 * in a filter, which knows them again and sometimes takes another for one of them, but cannot list them; of those, the epochs
 * are owed as well, which are few.
 */
export class OwedInvalidations {
  readonly #limit: number;
  readonly #onDelivered: () => void;
  /** By key; the value is until when a stale mark leaves what is there, a Unix time in seconds, or `DELETE`. */
  readonly #keys = new Map<string, number>();
  /** Sent, and not answered yet. */
  readonly #sent = new Map<string, number>();
  /** Keys that somebody waits for. */
  readonly #urgent = new Set<string>();
  /** Keys beyond the limit. */
  #beyond: KeyFilter | undefined;
  /** Keys that were found in `#beyond` and have been dealt with. */
  readonly #settled = new Set<string>();
  #additions = 0;
  /** Whether nothing is owed. A field, since every command asks. */
  isEmpty = true;
  /** Tells near caches of each that was delivered. */
  bumps: EpochBumps | undefined;

  /** @param limit most keys remembered one by one. @param onDelivered is called for each that has been, and near caches told of it. */
  constructor(limit: number, onDelivered: () => void = () => undefined) {
    this.#limit = limit;
    this.#onDelivered = onDelivered;
  }

  /** How many keys; `Infinity` when there are more than can be listed. */
  get size(): number {
    return this.#beyond === undefined ? this.#keys.size + this.#sent.size : Number.POSITIVE_INFINITY;
  }

  /** How many could be sent now. */
  get unsent(): number {
    return this.#keys.size;
  }

  /** Whether some are beyond the limit, and known by a filter only. */
  get overflows(): boolean {
    return this.#beyond !== undefined;
  }

  /** Remembers an invalidation that did not arrive, or may not have. */
  add(request: Request): void {
    this.#add(
      nameOf(request.key, request.details.binaryKey),
      request.kind === 'delete' ? DELETE : momentOf(request.exptime),
    );
  }

  /** What is owed for a key that is about to be asked for, if it has not been sent before. */
  takeFor(key: string, binaryKey: boolean, dialect: Dialect): Request | undefined {
    const name = nameOf(key, binaryKey);
    const exptime = this.#keys.get(name);
    if (exptime !== undefined) return this.#send(name, exptime, dialect);
    return this.#isBeyond(name) ? this.#send(name, DELETE, dialect) : undefined;
  }

  /** Sees to it that what is owed for a key is the first that is taken. */
  hurry(key: string, binaryKey: boolean): void {
    const name = nameOf(key, binaryKey);
    if (this.#isBeyond(name)) this.#keys.set(name, DELETE);
    if (this.#keys.has(name)) this.#urgent.add(name);
  }

  /** What is urgent, and more up to so many, the oldest first, as requests that report here what becomes of them. */
  take(count: number, dialect: Dialect): Request[] {
    const requests: Request[] = [];
    for (const name of this.#urgent) requests.push(this.#send(name, this.#keys.get(name)!, dialect));
    for (const [name, exptime] of this.#keys) {
      if (requests.length >= count) break;
      requests.push(this.#send(name, exptime, dialect));
    }
    return requests;
  }

  /** There is a new connection. What is on its way by another, which may be slow to end, is not ahead of anything on this one. */
  sendAnew(): void {
    for (const [name, exptime] of this.#sent) if (!this.#keys.has(name)) this.#keys.set(name, exptime);
  }

  /**
   * Goes through the keys that a server holds: those that may be beyond the limit become ones that are remembered one by
   * one, and when all are through, none is beyond it any more.
   *
   * @param keys the bytes of each, one character per byte.
   * @param room waits until there is room for more.
   * @returns whether none is: what came beyond the limit meanwhile may have been passed by.
   */
  async sift(keys: AsyncIterable<string>, room: () => Promise<void>): Promise<boolean> {
    const additions = this.#additions;
    for await (const key of keys) {
      const binaryKey = !isPlainKey(key);
      const name = nameOf(binaryKey ? Buffer.from(key, 'latin1').toString('base64') : key, binaryKey);
      if (!this.#isBeyond(name) || this.#keys.has(name)) continue;
      if (this.#keys.size >= this.#limit) await room();
      this.#keys.set(name, DELETE);
    }
    if (this.#additions !== additions) return false;
    this.#beyond = undefined;
    this.#settled.clear();
    this.#count();
    return true;
  }

  #count(): void {
    this.isEmpty = this.#keys.size === 0 && this.#sent.size === 0 && this.#beyond === undefined;
  }

  #isBeyond(name: string): boolean {
    return this.#beyond?.has(name) === true && !this.#settled.has(name) && !this.#sent.has(name);
  }

  #add(name: string, exptime: number): void {
    this.isEmpty = false;
    const known = this.#keys.get(name);
    if (known === undefined && this.#keys.size >= this.#limit) {
      this.#settled.delete(name);
      this.#additions += 1;
      (this.#beyond ??= new KeyFilter()).add(name);
      // A key that is not there when the server is asked for its keys is not found again; its near copies are ended now.
      const epoch = this.bumps?.epochOf(name.startsWith(BINARY) ? name.slice(1) : name);
      if (epoch !== undefined) this.#keys.set(epoch, DELETE);
    } else if (known !== DELETE) {
      // A key is mostly two texts joined, which would keep both and the tree that joins them.
      this.#keys.set(known === undefined ? flat(name) : name, exptime);
    }
  }

  #send(name: string, exptime: number, dialect: Dialect): Request {
    const binaryKey = name.startsWith(BINARY);
    const key = binaryKey ? name.slice(1) : name;
    // The classic dialect cannot, and what has been stale for its time since the invalidation is over.
    const marks = exptime > unixMs() / 1000 && dialect === 'meta';
    const request = new Request(marks ? 'mark-stale' : 'delete', key, () => true);
    request.ownDetails().binaryKey = binaryKey;
    request.userKey = request.routingKey = key;
    if (marks) request.exptime = exptime;
    this.#keys.delete(name);
    this.#urgent.delete(name);
    this.#sent.set(name, exptime);
    request.resolve = () => {
      this.#sent.delete(name);
      this.#count();
      this.#onDelivered();
      if (this.#beyond === undefined) return;
      if (this.#settled.size >= this.#limit) this.#settled.clear();
      this.#settled.add(name);
    };
    request.reject = () => {
      this.#sent.delete(name);
      this.#add(name, exptime);
    };
    return request;
  }
}

function nameOf(key: string, binaryKey: boolean): string {
  return binaryKey ? BINARY + key : key;
}

/** What memcached counts from when it is told is counted from now. */
function momentOf(exptime: number): number {
  return exptime > 0 && exptime <= LONG_PAST ? Math.ceil(unixMs() / 1000) + exptime : exptime;
}

function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** The same invalidation once more, or another of its key. */
export function repeated(request: Request, kind = request.kind): Request {
  const again = request.sibling(kind, request.read);
  again.exptime = request.exptime;
  // What is delivered is neither owed anew nor given up by whoever asked for it first.
  again.owed = false;
  again.ownDetails().signal = undefined;
  return again;
}
