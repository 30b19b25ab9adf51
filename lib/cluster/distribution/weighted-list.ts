/** Up to this length the list is written out, for a lookup in one step. */
const WRITTEN_OUT = 2 ** 16;

/**
 * A list in which each server stands as often as its weight says. Of a long one only the ends of the runs are kept,
 * so that a weight of a million costs nothing.
 */
export class WeightedList {
  /** How long the list is: the sum of the weights. */
  readonly length: number;
  readonly #owners: readonly number[];
  readonly #ends: Float64Array;
  readonly #list: Int32Array;

  /** @param entries servers in the order of the list; a weight of 0 leaves one out. */
  constructor(entries: readonly { readonly owner: number; readonly weight: number }[]) {
    const present = entries.filter(({ weight }) => weight > 0);
    this.#owners = present.map(({ owner }) => owner);
    this.#ends = new Float64Array(present.length);
    let end = 0;
    for (const [index, { weight }] of present.entries()) {
      end += weight;
      this.#ends[index] = end;
    }
    this.length = end;
    this.#list = Int32Array.from({ length: end <= WRITTEN_OUT ? end : 0 }, (_, position) =>
      this.#search(position),
    );
  }

  /** @returns the server at `position`, from 0 to below `length`; -1 when the list is empty. */
  ownerAt(position: number): number {
    if (position < this.#list.length) return this.#list[position];
    return this.length === 0 ? -1 : this.#search(position);
  }

  #search(position: number): number {
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle] > position) high = middle;
      else low = middle + 1;
    }
    return this.#owners[low];
  }
}
