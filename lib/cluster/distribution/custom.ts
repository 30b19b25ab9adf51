import type { CustomDistribution, DistributionServer, OwnerOf } from '../../custom-distribution.js';
import { InvalidOptionsError } from '../../errors.js';
import { givenWeights } from './counted-weights.js';
import type { Placement } from './placement.js';
import { rebuiltWithoutDown } from './without-down.js';

/** The placement of a distribution that the user wrote; each of its answers is checked. */
export function custom(
  distribution: CustomDistribution,
  servers: readonly DistributionServer[],
  path: string,
): Placement {
  return rebuiltWithoutDown(givenWeights(servers), (live): OwnerOf => {
    if (live.length === 0) return () => -1;
    const lookup: unknown = distribution(live.map((index) => servers[index]));
    if (typeof lookup !== 'function') {
      throw new InvalidOptionsError(
        path,
        'expected the function to return a function from a key to an index',
      );
    }
    return (key) => {
      const index: unknown = lookup(key);
      if (index === -1) return -1;
      if (Number.isSafeInteger(index) && (index as number) >= 0 && (index as number) < live.length) {
        return live[index as number];
      }
      throw new InvalidOptionsError(
        path,
        `expected an index below ${live.length} or -1, got ${String(index)}`,
      );
    };
  });
}
