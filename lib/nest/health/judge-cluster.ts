import type { HealthReason } from './judge-node.js';
import type { ServerFigures } from '../server-figures.js';

/**
 * Weighs the servers. One of weight 0 gets no keys and has no say.
 *
 * @param limits shares of the weights: below `minUpWeight` that answers the cluster is down, below `degradedBelowWeight`
 *   that is well it is degraded.
 */
export function judgeCluster(
  nodes: Iterable<NodeHealth>,
  limits: { readonly minUpWeight: number; readonly degradedBelowWeight: number },
): ClusterVerdict {
  let total = 0;
  let answering = 0;
  let well = 0;
  for (const { state, weight } of nodes) {
    total += weight;
    if (state !== 'down') answering += weight;
    if (state === 'up') well += weight;
  }
  if (total === 0) return { state: 'down', upWeight: 0 };
  const upWeight = answering / total;
  if (upWeight < limits.minUpWeight || answering === 0) return { state: 'down', upWeight };
  return { state: well / total < limits.degradedBelowWeight ? 'degraded' : 'up', upWeight };
}

/** How a server, or the cluster, is doing. */
export type HealthState = 'up' | 'degraded' | 'down';

/** What is known about one server, for the verdict and for the answer. */
export interface NodeHealth {
  /** `down`: it does not answer; `degraded`: it answers, but there is a reason to look after it. */
  readonly state: HealthState;
  /** Its share of the keys against the other servers' weights, as the distribution counts it. */
  readonly weight: number;
  readonly figures: ServerFigures;
  readonly reasons: readonly HealthReason[];
}

/** The whole cluster's health. */
export interface ClusterVerdict {
  readonly state: HealthState;
  /** Share of the weights that answers, from 0 to 1. */
  readonly upWeight: number;
}
