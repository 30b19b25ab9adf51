import type { DistributionServer } from '../../custom-distribution.js';
import { md5 } from './hash/md5.js';
import { KeyBytes } from './key-bytes.js';
import { LabelPoints } from './label-points.js';
import type { LabelOf } from './labels.js';
import { type Ring, RingBuilder } from './ring.js';
import { withoutPoints } from './warnings.js';

/** Points of a server of average weight. */
const POINTS_PER_SERVER = 160;

/** One MD5 digest gives four points. */
const POINTS_PER_LABEL = 4;

const key = new KeyBytes();
const digest = new Int32Array(POINTS_PER_LABEL);

const MD5_POINTS = new LabelPoints('-', POINTS_PER_LABEL, (text, into, at) => {
  key.load(text);
  md5(key, digest);
  into.set(digest, at);
});

/** A server's place in the list, its text on the ring, and its weight. */
export interface Weighted {
  readonly owner: number;
  readonly label: string;
  readonly weight: number;
}

export function weighted(
  servers: readonly DistributionServer[],
  live: readonly number[],
  labelOf: LabelOf,
): Weighted[] {
  return live.map((owner) => ({ owner, label: labelOf(servers[owner]), weight: servers[owner].weight }));
}

/**
 * How many labels each server gets in libmemcached's weighted ketama.
 *
 * Every step is rounded to 32-bit floats as in the C code: in doubles, some servers would get a label more or less,
 * and their keys would be elsewhere.
 */
function labelCounts(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => {
    const share = Math.fround(weight / total);
    const points = Math.fround(share * POINTS_PER_SERVER);
    const labels = Math.fround(Math.fround(points / POINTS_PER_LABEL) * weights.length);
    return Math.floor(Math.fround(labels + 1e-10));
  });
}

/** The same of servers. */
export function weightedLabels(servers: readonly DistributionServer[]): number[] {
  return labelCounts(servers.map(({ weight }) => weight));
}

/** The ring of libmemcached's weighted ketama: four points from the MD5 of each `label-0`, `label-1`, … */
export function weightedKetamaRing(servers: readonly Weighted[]): Ring {
  const counts = labelCounts(servers.map(({ weight }) => weight));
  const builder = new RingBuilder();
  for (const [index, { owner, label }] of servers.entries())
    addMd5Points(builder, owner, label, counts[index]);
  return builder.build();
}

/** @param pointsPerLabel how many of a digest's four words become points. */
export function addMd5Points(
  builder: RingBuilder,
  owner: number,
  label: string,
  labels: number,
  pointsPerLabel = POINTS_PER_LABEL,
): void {
  const words = MD5_POINTS.of(label, labels);
  for (let number = 0; number < labels; number += 1) {
    const digest = number * POINTS_PER_LABEL;
    for (let word = 0; word < pointsPerLabel; word += 1) builder.add(words[digest + word], owner);
  }
}

/** Warns of servers that are too light for a single label. */
export function lightServers(distribution: string, servers: readonly DistributionServer[]): string[] {
  const weights = servers.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const least = Math.ceil((total * POINTS_PER_LABEL) / (POINTS_PER_SERVER * weights.length));
  const reason = `it has no point on the ring, which takes a weight of about ${least} beside the others`;
  return withoutPoints(distribution, servers, weightedLabels(servers), reason);
}
