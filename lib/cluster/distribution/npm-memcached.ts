import type { DistributionServer, OwnerOf } from '../../custom-distribution.js';
import type { CommonDistributionOptions, NpmMemcachedOptions } from '../../options/distribution-options.js';
import { oneOf, withDefault } from '../../options/schema.js';
import { givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { ofUtf8 } from './key-bytes.js';
import { md5FirstWord } from './hash/md5.js';
import { labels, withPort, withoutUsualPort } from './labels.js';
import { RingBuilder } from './ring.js';
import { withoutPoints } from './warnings.js';
import { addMd5Points } from './weighted-ketama.js';
import { rebuiltWithoutDown } from './without-down.js';

const LABELS_PER_SERVER = 40;

/** How many points hashring takes of each digest. */
const POINTS = { ketama: 4, hash_ring: 3 };

type Resolved = Omit<Required<NpmMemcachedOptions>, 'type' | keyof CommonDistributionOptions>;

export const npmMemcached = family<Resolved>(
  { compatibility: withDefault(oneOf('ketama', 'hash_ring'), 'ketama') },
  (servers, { compatibility }) => {
    const labelOf = labels(compatibility === 'ketama' ? withoutUsualPort : withPort);
    const build = (live: readonly number[]): OwnerOf => {
      const counts = labelsOf(live.map((index) => servers[index]));
      const builder = new RingBuilder();
      for (const [position, index] of live.entries()) {
        addMd5Points(builder, index, labelOf(servers[index]), counts[position], POINTS[compatibility]);
      }
      const ring = builder.build();
      const hashOf = ofUtf8(md5FirstWord());
      return ring.lookup(hashOf);
    };
    const reason = 'it has no point on the ring; use weights closer to each other';
    const counts = labelsOf(servers);
    const warnings = withoutPoints('npm-memcached', servers, counts, reason);
    return rebuiltWithoutDown(givenWeights(servers, counts), build, warnings);
  },
);

/** In doubles and in this order of operations, where libmemcached's formula is in 32-bit floats. */
function labelsOf(servers: readonly DistributionServer[]): number[] {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  return servers.map(({ weight }) => Math.floor((weight / total) * LABELS_PER_SERVER * servers.length));
}
