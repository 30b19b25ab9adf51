import { BoundedMap } from '../../bounded-map.js';
import type { OwnerOf } from '../../custom-distribution.js';
import type { Placement } from './placement.js';

/** How many sets of servers that were down together are remembered with their lookup. */
const REMEMBERED_SETS = 32;

/** Of shorter lists one for each server that is down alone as well: with failover `next` each invalidation asks for one of them. */
const SHORT_LIST = 128;

/**
 * The placement of clients that, when servers are out, deal the keys anew among those that are left,
 * as if the others had never been there.
 *
 * @param weights of all servers, as they count.
 * @param build the lookup among the servers with these indexes, which are ascending; it answers with indexes of the whole list.
 */
export function rebuiltWithoutDown(
  weights: readonly number[],
  build: (live: readonly number[]) => OwnerOf,
  warnings: readonly string[] = [],
): Placement {
  const count = weights.length;
  const whole = build(Array.from({ length: count }, (_, index) => index));
  const rebuilt = new RebuiltLookups(count, whole, build);
  return {
    indexFor: whole,
    indexWithout: (key, isDown) => rebuilt.without(isDown)(key),
    weights,
    warnings,
  };
}

/** Remembers the lookups of the sets seen last: a server that flaps must not cost a new ring each time. */
class RebuiltLookups {
  readonly #down: Uint8Array;
  readonly #build: (live: readonly number[]) => OwnerOf;
  readonly #bySet: BoundedMap<string, OwnerOf>;
  /** The lookup without those in `#down`. */
  #latest: OwnerOf;

  /** @param whole the lookup when none is down. */
  constructor(count: number, whole: OwnerOf, build: (live: readonly number[]) => OwnerOf) {
    this.#bySet = new BoundedMap(Math.max(REMEMBERED_SETS, count < SHORT_LIST ? count + 1 : 0));
    this.#down = new Uint8Array(count);
    this.#build = build;
    this.#latest = whole;
    this.#bySet.set(setOf(this.#down), whole);
  }

  without(isDown: (index: number) => boolean): OwnerOf {
    let changed = false;
    for (let index = 0; index < this.#down.length; index += 1) {
      const down = isDown(index) ? 1 : 0;
      if (this.#down[index] === down) continue;
      this.#down[index] = down;
      changed = true;
    }
    if (changed) this.#latest = this.#lookup();
    return this.#latest;
  }

  #lookup(): OwnerOf {
    const set = setOf(this.#down);
    const lookup = this.#bySet.get(set) ?? this.#build(liveOf(this.#down));
    this.#bySet.delete(set);
    this.#bySet.set(set, lookup);
    return lookup;
  }
}

function setOf(down: Uint8Array): string {
  return down.join('');
}

function liveOf(down: Uint8Array): number[] {
  const live: number[] = [];
  for (let index = 0; index < down.length; index += 1) if (down[index] === 0) live.push(index);
  return live;
}
