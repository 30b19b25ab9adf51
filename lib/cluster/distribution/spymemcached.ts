import type {
  CommonDistributionOptions,
  SpymemcachedHashName,
  SpymemcachedKetamaOptions,
  SpymemcachedModuloOptions,
} from '../../options/distribution-options.js';
import { bool, oneOf, withDefault } from '../../options/schema.js';
import { equalWeights, givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { crc15 } from './hash/crc.js';
import { FNV_OFFSET_32, FNV_OFFSET_64_LOW, FNV_PRIME_32, FNV_PRIME_64_LOW } from './hash/fnv.js';
import type { KeyHash } from './hash/hash.js';
import { ofUtf8 } from './key-bytes.js';
import { md5FirstWord } from './hash/md5.js';
import { fnv1OfUnits, fnv1aOf32Units, fnv1aOfUnits, java31 } from './hash/utf16.js';
import { labels, withPort, withoutUsualPort } from './labels.js';
import { asGiven, nextInList } from './next-in-list.js';
import type { Placement } from './placement.js';
import { RingBuilder } from './ring.js';
import { ignoredWeights } from './warnings.js';
import { addMd5Points, lightServers, weightedLabels } from './weighted-ketama.js';

/** Labels of each server while weights do not count. */
const UNWEIGHTED_LABELS = 40;

/** spymemcached's `KetamaIterator.MAX_TRIES`. */
const TRIES = 7;

type Resolved<Options> = Omit<Required<Options>, 'type' | keyof CommonDistributionOptions>;

const HASHES: Readonly<Record<SpymemcachedHashName, () => KeyHash>> = {
  native: () => java31,
  crc: crc15,
  fnv1_32: () => fnv1OfUnits(FNV_OFFSET_32, FNV_PRIME_32),
  fnv1a_32: () => fnv1aOf32Units,
  fnv1_64: () => fnv1OfUnits(FNV_OFFSET_64_LOW, FNV_PRIME_64_LOW),
  fnv1a_64: () => fnv1aOfUnits(FNV_OFFSET_64_LOW, FNV_PRIME_64_LOW),
  md5: () => ofUtf8(md5FirstWord()),
};

const readHash = oneOf(...(Object.keys(HASHES) as SpymemcachedHashName[]));

export const spymemcachedModulo = family<Resolved<SpymemcachedModuloOptions>>(
  { hash: withDefault(readHash, 'native') },
  (servers, { hash }) => {
    const hashOf = HASHES[hash]();
    const positionOf = (key: string): number => (hashOf(key) >>> 0) % servers.length;
    return nextInList(asGiven(servers), positionOf, ignoredWeights('spymemcached-modulo', servers));
  },
);

export const spymemcachedKetama = family<Resolved<SpymemcachedKetamaOptions>>(
  {
    hash: withDefault(readHash, 'md5'),
    libmemcachedLabels: withDefault(bool, false),
    weights: withDefault(oneOf('auto', 'ignore'), 'auto'),
  },
  (servers, { hash, libmemcachedLabels, weights }): Placement => {
    const type = 'spymemcached-ketama';
    const countWeights = weights === 'auto' && servers.some(({ weight }) => weight !== 1);
    const counts = countWeights ? weightedLabels(servers) : [];
    const labelOf = labels(libmemcachedLabels ? withoutUsualPort : withPort);
    const builder = new RingBuilder();
    for (const [index, server] of servers.entries()) {
      addMd5Points(builder, index, labelOf(server), countWeights ? counts[index] : UNWEIGHTED_LABELS);
    }
    // Its ring is a map, in which the last to come keeps the place.
    const ring = builder.build('last');
    const hashOf = HASHES[hash]();
    return {
      indexFor: (key) => ring.ownerAtOrAfter(hashOf(key)),
      indexWithout: (key, isDown) => {
        let position = hashOf(key);
        for (let attempt = 0; attempt < TRIES; attempt += 1) {
          const index = ring.ownerAtOrAfter(position);
          if (index === -1 || !isDown(index)) return index;
          position = (position + hashOf(`${attempt}${key}`)) | 0;
        }
        return -1;
      },
      weights: countWeights ? givenWeights(servers, counts) : equalWeights(servers),
      warnings: countWeights ? lightServers(type, servers) : ignoredWeights(type, servers),
    };
  },
);
