import { InvalidOptionsError } from '../../errors.js';

/** A point's place in the ring and its rank of insertion share the 53 bits of a double, which leaves this many ranks. */
const MAX_POINTS = 2 ** 21;

/** Which of several servers gets a point that all of them hash to. */
export type TieRule = 'first' | 'last';

/** Points that a builder has room for at first. */
const FIRST_ROOM = 1024;

/** Collects the points of a ring. In typed arrays: 160,000 points in plain ones cost more in garbage than in hashing. */
export class RingBuilder {
  #points = new Float64Array(FIRST_ROOM);
  #owners = new Int32Array(FIRST_ROOM);
  #size = 0;

  /** @param point a 32-bit integer, signed or not. */
  add(point: number, owner: number): void {
    const rank = this.#size;
    if (rank === MAX_POINTS) {
      throw new InvalidOptionsError(
        'servers',
        `a ring of more than ${MAX_POINTS} points; use smaller weights`,
      );
    }
    if (rank === this.#owners.length) this.#grow();
    this.#points[rank] = (point >>> 0) * MAX_POINTS + rank;
    this.#owners[rank] = owner;
    this.#size = rank + 1;
  }

  build(ties: TieRule = 'first'): Ring {
    const sorted = this.#points.slice(0, this.#size).sort();
    const points = new Uint32Array(sorted.length);
    const owners = new Int32Array(sorted.length);
    let size = 0;
    for (let index = 0; index < sorted.length; index += 1) {
      const ranked = sorted[index];
      const point = Math.floor(ranked / MAX_POINTS);
      const taken = size > 0 && points[size - 1] === point;
      if (taken && ties === 'first') continue;
      if (!taken) size += 1;
      points[size - 1] = point;
      owners[size - 1] = this.#owners[ranked % MAX_POINTS];
    }
    return new Ring(points.subarray(0, size), owners.subarray(0, size));
  }

  #grow(): void {
    const points = new Float64Array(this.#points.length * 2);
    const owners = new Int32Array(this.#owners.length * 2);
    points.set(this.#points);
    owners.set(this.#owners);
    this.#points = points;
    this.#owners = owners;
  }
}

/** Servers' points on a circle of 2^32 places. */
export class Ring {
  readonly #points: Uint32Array;
  readonly #owners: Int32Array;
  /** For each slice of the circle, the index of the first point in or after it: leaves the search a step or two. */
  readonly #slices: Int32Array;
  readonly #sliceShift: number;

  /** @param points ascending, each once. */
  constructor(points: Uint32Array, owners: Int32Array) {
    this.#points = points;
    this.#owners = owners;
    const bits = Math.max(1, Math.ceil(Math.log2(points.length + 1)));
    this.#sliceShift = 32 - bits;
    this.#slices = new Int32Array(2 ** bits + 1);
    let index = 0;
    const width = 2 ** this.#sliceShift;
    for (let slice = 0; slice < this.#slices.length; slice += 1) {
      const begin = slice * width;
      while (index < points.length && points[index] < begin) index += 1;
      this.#slices[slice] = index;
    }
  }

  /** @returns the owner of the first point at or after `position` (32 bits, signed or not), -1 on an empty ring. */
  ownerAtOrAfter(position: number): number {
    const index = this.#firstAtOrAfter(position >>> 0);
    const size = this.#points.length;
    if (index < size) return this.#owners[index];
    return size === 0 ? -1 : this.#owners[0];
  }

  /** @returns the owner of the last point at or before `position` (32 bits, signed or not), -1 on an empty ring. */
  ownerAtOrBefore(position: number): number {
    const size = this.#points.length;
    if (size === 0) return -1;
    const place = position >>> 0;
    const index = this.#firstAtOrAfter(place);
    if (index < size && this.#points[index] === place) return this.#owners[index];
    return this.#owners[index === 0 ? size - 1 : index - 1];
  }

  /** @returns an index that is the number of points when all are before `place`. */
  #firstAtOrAfter(place: number): number {
    const slice = place >>> this.#sliceShift;
    let low = this.#slices[slice];
    let high = this.#slices[slice + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle] < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
