import type { Clock } from '../cache/clock.js';

/** Slots for each value that may be kept, within these bounds, in each of two tables. */
const SLOTS_PER_ITEM = 4;
const MIN_SLOTS = 8192;
const MAX_SLOTS = 2 ** 20;

/** A hash may be in any of so many slots. */
const WAYS = 4;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Admits keys that were read a moment ago: what is read once is not worth keeping, and would push out what is.
 *
 * Hashes of 32 bits in two tables of a fixed size, of which the older is thrown away every so often. A key whose slots were
 * taken by others is taken for one that was not read; two of one hash are taken for each other.
 */
export class AdmissionFilter {
  readonly #clock: Clock;
  #present: Uint32Array;
  #before: Uint32Array;
  readonly #mask: number;
  #turnAt = Number.NEGATIVE_INFINITY;
  #next = 0;

  /** @param maxItems how many values may be kept. */
  constructor(clock: Clock, maxItems: number) {
    this.#clock = clock;
    const wanted = Math.min(Math.max(maxItems * SLOTS_PER_ITEM, MIN_SLOTS), MAX_SLOTS);
    const slots = 2 ** Math.ceil(Math.log2(wanted));
    this.#present = new Uint32Array(slots);
    this.#before = new Uint32Array(slots);
    this.#mask = slots / WAYS - 1;
  }

  /** Records a read. @returns whether there was another within about `withinMs`. */
  recordRead(key: string, withinMs: number): boolean {
    const now = this.#clock.now();
    if (now >= this.#turnAt) this.#turn(now, withinMs);
    let hash = OFFSET_BASIS;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), PRIME);
    }
    // 0 is an empty slot.
    hash = (hash ^ (hash >>> 15)) >>> 0 || 1;
    const first = (hash & this.#mask) * WAYS;
    if (holds(this.#present, first, hash)) return true;
    this.#put(first, hash);
    return holds(this.#before, first, hash);
  }

  #put(first: number, hash: number): void {
    const present = this.#present;
    for (let way = 0; way < WAYS; way += 1) {
      if (present[first + way] !== 0) continue;
      present[first + way] = hash;
      return;
    }
    this.#next = (this.#next + 1) % WAYS;
    present[first + this.#next] = hash;
  }

  #turn(now: number, withinMs: number): void {
    const isLate = now >= this.#turnAt + withinMs;
    [this.#present, this.#before] = [this.#before, this.#present];
    this.#present.fill(0);
    if (isLate) this.#before.fill(0);
    this.#turnAt = now + withinMs;
  }
}

function holds(table: Uint32Array, first: number, hash: number): boolean {
  for (let way = 0; way < WAYS; way += 1) if (table[first + way] === hash) return true;
  return false;
}
