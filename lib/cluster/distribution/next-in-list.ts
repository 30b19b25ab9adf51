import { equalWeights } from './counted-weights.js';
import type { Placement } from './placement.js';

/**
 * The placement of clients that take the next server in their list when one is out, and so on around it. Weights do not count.
 *
 * @param order indexes of the servers as that client lists them.
 * @param positionOf a key's place in `order`; never asked when it is empty.
 */
export function nextInList(
  order: readonly number[],
  positionOf: (key: string) => number,
  warnings: readonly string[],
): Placement {
  const count = order.length;
  const weights = equalWeights(order);
  if (count === 0) return { indexFor: () => -1, indexWithout: () => -1, weights, warnings };
  const list = Int32Array.from(order);
  return {
    indexFor: (key) => list[positionOf(key)],
    indexWithout: (key, isDown) => {
      const start = positionOf(key);
      for (let step = 0; step < count; step += 1) {
        const index = list[(start + step) % count];
        if (!isDown(index)) return index;
      }
      return -1;
    },
    weights,
    warnings,
  };
}

/** The indexes of `servers` as they were given. */
export function asGiven(servers: readonly unknown[]): number[] {
  return servers.map((_, index) => index);
}
