import type { DistributionServer, OwnerOf } from '../../custom-distribution.js';
import type { HashOption } from '../../options/distribution-options.js';
import { withDefault } from '../../options/schema.js';
import { givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { keyHash, readHash } from './hash/named.js';
import { labels, withoutUsualPort } from './labels.js';
import { lightServers, weighted, weightedKetamaRing, weightedLabels } from './weighted-ketama.js';
import { WeightedList } from './weighted-list.js';
import { rebuiltWithoutDown } from './without-down.js';

interface Resolved {
  hash: HashOption;
}

const SHAPE = { hash: withDefault(readHash, 'fnv1a_64') };

/** twemproxy cuts the port off a unix socket that has none, and leaves the colon. */
const labelOf = labels(withoutUsualPort, (path) => `${path}:`);

export const twemproxyKetama = family<Resolved>(SHAPE, (servers, { hash }) => {
  const build = (live: readonly number[]): OwnerOf => {
    const ring = weightedKetamaRing(weighted(servers, sorted(servers, live), labelOf));
    const hashOf = keyHash(hash);
    return ring.lookup(hashOf);
  };
  const weights = givenWeights(servers, weightedLabels(servers));
  return rebuiltWithoutDown(weights, build, lightServers('twemproxy-ketama', servers));
});

export const twemproxyModula = family<Resolved>(SHAPE, (servers, { hash }) => {
  const build = (live: readonly number[]): OwnerOf => {
    const list = new WeightedList(
      sorted(servers, live).map((owner) => ({ owner, weight: servers[owner].weight })),
    );
    const hashOf = keyHash(hash);
    return (key) => list.ownerAt((hashOf(key) >>> 0) % list.length);
  };
  return rebuiltWithoutDown(givenWeights(servers), build);
});

/** twemproxy sorts its servers by the length of their names, then by their bytes, before anything else. */
function sorted(servers: readonly DistributionServer[], live: readonly number[]): number[] {
  const names = servers.map((server) => Buffer.from(labelOf(server)));
  return [...live].sort((a, b) => names[a].length - names[b].length || Buffer.compare(names[a], names[b]));
}
