/**
 * A list in which each server stands as often as its weight says; only the ends of its runs are kept,
 * so that a weight of a million costs nothing.
 */
export class WeightedList {
  /** How long the list is: the sum of the weights. */
  readonly length: number;
  readonly #owners: readonly number[];
  readonly #ends: Float64Array;

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
  }

  /** @returns the server at `position`, from 0 to below `length`; -1 when the list is empty. */
  ownerAt(position: number): number {
    if (this.length === 0) return -1;
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
