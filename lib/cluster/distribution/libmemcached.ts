import type { DistributionServer, OwnerOf } from '../../custom-distribution.js';
import type {
  CommonDistributionOptions,
  HashOption,
  KetamaOptions,
  LibmemcachedConsistentOptions,
  LibmemcachedModulaOptions,
} from '../../options/distribution-options.js';
import { bool, oneOf, withDefault } from '../../options/schema.js';
import { equalWeights, givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { keyHash, readHash } from './hash/named.js';
import { LabelPoints } from './label-points.js';
import { labels, withPort, withoutUsualPort } from './labels.js';
import { asGiven, nextInList } from './next-in-list.js';
import { type Ring, RingBuilder } from './ring.js';
import { ignoredWeights, zeroCountsAsOne } from './warnings.js';
import { lightServers, weighted, weightedKetamaRing, weightedLabels } from './weighted-ketama.js';
import { rebuiltWithoutDown } from './without-down.js';

/** libmemcached's `MEMCACHED_POINTS_PER_SERVER`. */
const UNWEIGHTED_POINTS = 100;

// To libmemcached a unix socket is a host with port 0.
const usualLabel = labels(withoutUsualPort, (path) => `${path}:0`);
const spyLabel = labels(
  (server) => `/${withPort(server)}`,
  (path) => `/${path}:0`,
);

type Resolved<Options> = Omit<Required<Options>, 'type' | keyof CommonDistributionOptions>;

export const ketama = family<Resolved<KetamaOptions>>(
  {
    hash: withDefault(readHash, 'md5'),
    spyLabels: withDefault(bool, false),
    sortHosts: withDefault(bool, false),
  },
  (given, { hash, spyLabels, sortHosts }) => {
    const labelOf = spyLabels ? spyLabel : usualLabel;
    const servers = given.map(atLeastOne);
    const build = (live: readonly number[]): OwnerOf =>
      weightedKetamaRing(weighted(servers, ordered(servers, live, sortHosts), labelOf)).lookup(keyHash(hash));
    return rebuiltWithoutDown(givenWeights(servers, weightedLabels(servers)), build, [
      ...zeroCountsAsOne('ketama', given),
      ...lightServers('ketama', servers),
    ]);
  },
);

export const libmemcachedConsistent = family<Resolved<LibmemcachedConsistentOptions>>(
  {
    hash: withDefault(readHash, 'default'),
    weights: withDefault(oneOf('auto', 'ignore'), 'auto'),
    sortHosts: withDefault(bool, false),
  },
  (given, { hash, weights, sortHosts }) => {
    const servers = given.map(atLeastOne);
    const countWeights = weights === 'auto' && servers.some(({ weight }) => weight > 1);
    const points = pointsBy(hash);
    const build = (live: readonly number[]): OwnerOf => {
      const order = ordered(servers, live, sortHosts);
      const ring = countWeights
        ? weightedKetamaRing(weighted(servers, order, usualLabel))
        : unweightedRing(servers, order, points);
      return ring.lookup(keyHash(hash));
    };
    const type = 'libmemcached-consistent';
    const counted = countWeights ? givenWeights(servers, weightedLabels(servers)) : equalWeights(servers);
    return rebuiltWithoutDown(counted, build, [
      ...zeroCountsAsOne(type, given),
      ...(countWeights ? lightServers(type, servers) : ignoredWeights(type, servers)),
    ]);
  },
);

export const libmemcachedModula = family<Resolved<LibmemcachedModulaOptions>>(
  { hash: withDefault(readHash, 'default'), sortHosts: withDefault(bool, false) },
  (servers, { hash, sortHosts }) => {
    const order = ordered(servers, asGiven(servers), sortHosts);
    const hashOf = keyHash(hash);
    const positionOf = (key: string): number => (hashOf(key) >>> 0) % order.length;
    // libmemcached itself never takes a server out of this list; the next one in it is what others with such a list do.
    return nextInList(order, positionOf, ignoredWeights('libmemcached-modula', servers));
  },
);

/** Points by the hashes that have a name; a function may be another each time. */
const pointsByName = new Map<HashOption, LabelPoints>();

function pointsBy(hash: HashOption): LabelPoints {
  const known = pointsByName.get(hash);
  if (known !== undefined) return known;
  const hashOf = keyHash(hash);
  const points = new LabelPoints('-', 1, (text, into, at) => {
    into[at] = hashOf(text);
  });
  if (typeof hash === 'string') pointsByName.set(hash, points);
  return points;
}

/** 100 points for each server from the hash of `label-0` to `label-99`. */
function unweightedRing(
  servers: readonly DistributionServer[],
  live: readonly number[],
  pointsOf: LabelPoints,
): Ring {
  const builder = new RingBuilder();
  for (const owner of live) {
    const points = pointsOf.of(usualLabel(servers[owner]), UNWEIGHTED_POINTS);
    for (let point = 0; point < UNWEIGHTED_POINTS; point += 1) builder.add(points[point], owner);
  }
  return builder.build();
}

/** libmemcached takes a weight of 0 for 1. */
function atLeastOne(server: DistributionServer): DistributionServer {
  return server.weight === 0 ? { ...server, weight: 1 } : server;
}

function ordered(
  servers: readonly DistributionServer[],
  live: readonly number[],
  sortHosts: boolean,
): readonly number[] {
  if (!sortHosts) return live;
  const bytes = new Map(
    live.map((index) => [index, Buffer.from(servers[index].path ?? servers[index].host)]),
  );
  return [...live].sort(
    (a, b) =>
      Buffer.compare(bytes.get(a) as Buffer, bytes.get(b) as Buffer) || servers[a].port - servers[b].port,
  );
}
