import { InvalidOptionsError } from '../../errors.js';

/** A point's place in the ring and its rank of insertion share the 53 bits of a double, which leaves this many ranks. */
const MAX_POINTS = 2 ** 21;

/** With more points in one slice of the circle, they are not put in order slice by slice. */
const MAX_CROWD = 64;

/** Points that a builder has room for at first. */
const FIRST_ROOM = 1024;

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
    const bits = sliceBits(points.length);
    this.#sliceShift = 32 - bits;
    const slices = new Int32Array(2 ** bits + 1);
    const shift = this.#sliceShift;
    for (let index = 0; index < points.length; index += 1) slices[(points[index] >>> shift) + 1] += 1;
    for (let slice = 1; slice < slices.length; slice += 1) slices[slice] += slices[slice - 1];
    this.#slices = slices;
  }

  /** Finds the owners of keys, at or after the places of their hashes. */
  lookup(hashOf: (key: string) => number): (key: string) => number {
    return (key) => this.ownerAtOrAfter(hashOf(key));
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

/** Which of several servers gets a point that all of them hash to. */
export type TieRule = 'first' | 'last';

/** Collects the points of a ring. In typed arrays: 160,000 points in plain ones cost more in garbage than in hashing. */
export class RingBuilder {
  #points = new Uint32Array(FIRST_ROOM);
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
    this.#points[rank] = point;
    this.#owners[rank] = owner;
    this.#size = rank + 1;
  }

  build(ties: TieRule = 'first'): Ring {
    const given = this.#points.subarray(0, this.#size);
    const givenOwners = this.#owners;
    const ranks = inOrder(given);
    const points = new Uint32Array(ranks.length);
    const owners = new Int32Array(ranks.length);
    let size = 0;
    for (let index = 0; index < ranks.length; index += 1) {
      const rank = ranks[index];
      const point = given[rank];
      const taken = size > 0 && points[size - 1] === point;
      if (taken && ties === 'first') continue;
      if (!taken) size += 1;
      points[size - 1] = point;
      owners[size - 1] = givenOwners[rank];
    }
    return new Ring(points.subarray(0, size), owners.subarray(0, size));
  }

  #grow(): void {
    const points = new Uint32Array(this.#points.length * 2);
    const owners = new Int32Array(this.#owners.length * 2);
    points.set(this.#points);
    owners.set(this.#owners);
    this.#points = points;
    this.#owners = owners;
  }
}

/**
 * The ranks of points in the order of their places; those that share a place in the order of their ranks.
 *
 * Hashes lie evenly, so each point is put into its slice of the circle, where there are few: 160,000 of them in a third of
 * the time that sorting takes.
 */
function inOrder(points: Uint32Array): Uint32Array {
  const bits = sliceBits(points.length);
  const shift = 32 - bits;
  const begins = new Uint32Array(2 ** bits + 1);
  for (let rank = 0; rank < points.length; rank += 1) begins[(points[rank] >>> shift) + 1] += 1;
  let crowd = 0;
  for (let slice = 1; slice < begins.length; slice += 1) {
    crowd = Math.max(crowd, begins[slice]);
    begins[slice] += begins[slice - 1];
  }
  // Hashes of few bits do not.
  if (crowd > MAX_CROWD) return sorted(points);
  const ends = begins.slice();
  const ranks = new Uint32Array(points.length);
  for (let rank = 0; rank < points.length; rank += 1) {
    const point = points[rank];
    const slice = point >>> shift;
    let at = ends[slice];
    ends[slice] += 1;
    for (; at > begins[slice] && points[ranks[at - 1]] > point; at -= 1) ranks[at] = ranks[at - 1];
    ranks[at] = rank;
  }
  return ranks;
}

function sorted(points: Uint32Array): Uint32Array {
  const ranked = Float64Array.from(points, (point, rank) => point * MAX_POINTS + rank).sort();
  return Uint32Array.from(ranked, (both) => both % MAX_POINTS);
}

/** So many slices of the circle, as a power of two, that each has a point or none. */
function sliceBits(points: number): number {
  return Math.max(1, Math.ceil(Math.log2(points + 1)));
}
