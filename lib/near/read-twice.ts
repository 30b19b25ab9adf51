import type { Clock } from '../cache/clock.js';

/** Keys that are remembered in each half of the time. */
const SLOTS = 8192;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Which keys were read a moment ago: what is read once is not worth keeping, and would push out what is.
 *
 * Hashes in two tables of a fixed size, of which the older is thrown away every so often. A key that lost its slot to another
 * is taken for one that was not read; two of one hash for each other.
 */
export class ReadTwice {
  readonly #clock: Clock;
  #present = new Uint32Array(SLOTS);
  #before = new Uint32Array(SLOTS);
  #turnAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a read. @returns whether there was another within about `withinMs`. */
  note(key: string, withinMs: number): boolean {
    const now = this.#clock.now();
    if (now >= this.#turnAt) this.#turn(now, withinMs);
    let hash = OFFSET_BASIS;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), PRIME);
    }
    // 0 is an empty slot.
    hash = (hash ^ (hash >>> 15)) >>> 0 || 1;
    const slot = hash & (SLOTS - 1);
    if (this.#present[slot] === hash) return true;
    const wasBefore = this.#before[slot] === hash;
    this.#present[slot] = hash;
    return wasBefore;
  }

  #turn(now: number, withinMs: number): void {
    const isLate = now >= this.#turnAt + withinMs;
    [this.#present, this.#before] = [this.#before, this.#present];
    this.#present.fill(0);
    if (isLate) this.#before.fill(0);
    this.#turnAt = now + withinMs;
  }
}
