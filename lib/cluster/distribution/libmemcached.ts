import { bool, oneOf, withDefault } from '../../options/schema.js';
import { type CommonDistributionOptions, family } from './family.js';
import type { KeyHash } from './hash/hash.js';
import { type HashOption, keyHash, readHash } from './hash/named.js';
import { fullLabel, shortLabel } from './labels.js';
import type { DistributionServer, Lookup } from './placement.js';
import { type Ring, RingBuilder } from './ring.js';
import { ignoredWeights, withoutPoints, zeroCountsAsOne } from './warnings.js';
import { labelCounts, weighted, weightedKetamaRing } from './weighted-ketama.js';
import { rebuiltWithoutDown } from './without-down.js';

/** libmemcached's `MEMCACHED_POINTS_PER_SERVER`. */
const UNWEIGHTED_POINTS = 100;

interface SortHosts {
  /**
   * libmemcached's `SORT_HOSTS`: the servers are sorted by host, then port, before anything else.
   *
   * @default false
   */
  sortHosts?: boolean;
}

/** libmemcached's `BEHAVIOR_KETAMA_WEIGHTED`, which is `OPT_LIBKETAMA_COMPATIBLE` in PHP. */
export interface KetamaOptions extends CommonDistributionOptions, SortHosts {
  type: 'ketama';
  /**
   * Hash of the keys; points are MD5 whatever it is, as when `BEHAVIOR_HASH` is set after `KETAMA_WEIGHTED`.
   *
   * @default 'md5'
   */
  hash?: HashOption;
  /**
   * Label points `/host:port`, as libmemcached's `DISTRIBUTION_CONSISTENT_KETAMA_SPY` does.
   *
   * @default false
   */
  spyLabels?: boolean;
}

/** libmemcached's `DISTRIBUTION_CONSISTENT`, which is `DISTRIBUTION_CONSISTENT` in PHP without `OPT_LIBKETAMA_COMPATIBLE`. */
export interface LibmemcachedConsistentOptions extends CommonDistributionOptions, SortHosts {
  type: 'libmemcached-consistent';
  /**
   * Hash of the keys and, while weights do not count, of the points.
   *
   * @default 'default', which is one_at_a_time
   */
  hash?: HashOption;
  /**
   * libmemcached's own trap. Where the distribution was set before the servers were added, a weight above 1 switches
   * weighted MD5 points on (`auto`); where it was set after, weights do not count (`ignore`).
   *
   * @default 'auto'
   */
  weights?: 'auto' | 'ignore';
}

/** libmemcached's default: the hash modulo the number of servers. Weights do not count. */
export interface LibmemcachedModulaOptions extends CommonDistributionOptions, SortHosts {
  type: 'libmemcached-modula';
  /** @default 'default', which is one_at_a_time */
  hash?: HashOption;
}

type Resolved<Options> = Omit<Required<Options>, 'type' | keyof CommonDistributionOptions>;

export const ketama = family<Resolved<KetamaOptions>>(
  {
    hash: withDefault(readHash, 'md5'),
    spyLabels: withDefault(bool, false),
    sortHosts: withDefault(bool, false),
  },
  (given, { hash, spyLabels, sortHosts }) => {
    const labelOf = spyLabels ? spyLabel : shortLabel;
    const servers = given.map(atLeastOne);
    const build = (live: readonly number[]): Lookup =>
      byRing(
        weightedKetamaRing(weighted(servers, ordered(servers, live, sortHosts), labelOf)),
        keyHash(hash),
      );
    return rebuiltWithoutDown(servers.length, build, [
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
    const build = (live: readonly number[]): Lookup => {
      const order = ordered(servers, live, sortHosts);
      const ring = countWeights
        ? weightedKetamaRing(weighted(servers, order, shortLabel))
        : unweightedRing(servers, order, keyHash(hash));
      return byRing(ring, keyHash(hash));
    };
    const type = 'libmemcached-consistent';
    return rebuiltWithoutDown(servers.length, build, [
      ...zeroCountsAsOne(type, given),
      ...(countWeights ? lightServers(type, servers) : ignoredWeights(type, servers)),
    ]);
  },
);

export const libmemcachedModula = family<Resolved<LibmemcachedModulaOptions>>(
  { hash: withDefault(readHash, 'default'), sortHosts: withDefault(bool, false) },
  (servers, { hash, sortHosts }) => {
    const all = servers.map((_, index) => index);
    const order = Int32Array.from(ordered(servers, all, sortHosts));
    const count = order.length;
    const hashOf = keyHash(hash);
    const placeOf: Lookup = (key) => (hashOf(key) >>> 0) % count;
    return {
      indexFor: (key) => (count === 0 ? -1 : order[placeOf(key)]),
      // libmemcached never takes a server out of this list; the next one in it is what its neighbours here do.
      indexWithout: (key, isDown) => {
        const start = count === 0 ? 0 : placeOf(key);
        for (let step = 0; step < count; step += 1) {
          const index = order[(start + step) % count];
          if (!isDown(index)) return index;
        }
        return -1;
      },
      warnings: ignoredWeights('libmemcached-modula', servers),
    };
  },
);

function byRing(ring: Ring, hashOf: KeyHash): Lookup {
  return (key) => ring.ownerAtOrAfter(hashOf(key));
}

/** 100 points for each server from the hash of `label-0` to `label-99`. */
function unweightedRing(
  servers: readonly DistributionServer[],
  live: readonly number[],
  hashOf: KeyHash,
): Ring {
  const builder = new RingBuilder();
  for (const owner of live) {
    const label = shortLabel(servers[owner]);
    for (let point = 0; point < UNWEIGHTED_POINTS; point += 1)
      builder.add(hashOf(`${label}-${point}`), owner);
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

function spyLabel(server: DistributionServer): string {
  return server.name ?? `/${fullLabel(server)}`;
}

function lightServers(type: string, servers: readonly DistributionServer[]): string[] {
  const weights = servers.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const needed = `it has no point on the ring, which takes a weight of at least ${Math.ceil(total / (40 * weights.length))}`;
  return withoutPoints(type, servers, labelCounts(weights), needed);
}
