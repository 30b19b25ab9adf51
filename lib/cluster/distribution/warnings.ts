import type { DistributionServer } from '../../custom-distribution.js';
import { shownLabel } from './labels.js';

/** Warns of weights that the client which `distribution` imitates does not look at. */
export function ignoredWeights(distribution: string, servers: readonly DistributionServer[]): string[] {
  const differing = servers.filter(({ weight }) => weight !== servers[0].weight);
  if (differing.length === 0) return [];
  return [`distribution '${distribution}' ignores weights: every server gets the same share of the keys`];
}

/**
 * Warns of servers with a positive weight that get no key.
 *
 * @param points how many points or places each server has.
 */
export function withoutPoints(
  distribution: string,
  servers: readonly DistributionServer[],
  points: readonly number[],
  reason: string,
): string[] {
  return servers
    .filter(({ weight }, index) => weight > 0 && points[index] === 0)
    .map(
      (server) =>
        `distribution '${distribution}' gives no key to ${shownLabel(server)} with weight ${server.weight}: ${reason}`,
    );
}

/** Warns of a weight of 0 that does not keep keys away. */
export function zeroCountsAsOne(distribution: string, servers: readonly DistributionServer[]): string[] {
  return servers
    .filter(({ weight }) => weight === 0)
    .map((server) => `distribution '${distribution}' takes the weight 0 of ${shownLabel(server)} for 1`);
}
