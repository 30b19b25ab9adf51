import type { DistributionServer } from '../../custom-distribution.js';

/** Weights as they are given; where `points` says that a server has none, it gets no keys. */
export function givenWeights(servers: readonly DistributionServer[], points?: readonly number[]): number[] {
  return servers.map(({ weight }, index) => (points?.[index] === 0 ? 0 : weight));
}

/** Weights of those who all get the same share. */
export function equalWeights(servers: readonly unknown[]): number[] {
  return servers.map(() => 1);
}
