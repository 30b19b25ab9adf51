import { BoundedMap } from '../../bounded-map.js';

/** Servers whose points are remembered: about 1 KB each. */
const REMEMBERED_SERVERS = 4096;

/**
 * The points of servers on a ring, from the hashes of `label-0`, `label-1`, and so on.
 *
 * Hashing them is most of the work of making a ring, and is done once for each server: a list that changes has most of its
 * servers from before, as has the ring without those that are down.
 */
export class LabelPoints {
  readonly #separator: string;
  readonly #first: number;
  readonly #words: number;
  readonly #hash: (text: string, into: Int32Array, at: number) => void;
  readonly #known = new BoundedMap<string, Int32Array>(REMEMBERED_SERVERS);

  /**
   * @param separator stands between a server's label and the number.
   * @param hash writes the hash of a text, of so many `words`, into a list from an index on.
   * @param first the first number.
   */
  constructor(
    separator: string,
    words: number,
    hash: (text: string, into: Int32Array, at: number) => void,
    first = 0,
  ) {
    this.#separator = separator;
    this.#words = words;
    this.#hash = hash;
    this.#first = first;
  }

  /** The words of a server's first `count` hashes, one hash after the other; there may be more. */
  of(label: string, count: number): Int32Array {
    const known = this.#known.get(label);
    if (known !== undefined && known.length >= count * this.#words) return known;
    const points = new Int32Array(count * this.#words);
    if (known !== undefined) points.set(known);
    const start = `${label}${this.#separator}`;
    for (let at = known?.length ?? 0; at < points.length; at += this.#words) {
      this.#hash(`${start}${this.#first + at / this.#words}`, points, at);
    }
    this.#known.set(label, points);
    return points;
  }
}
