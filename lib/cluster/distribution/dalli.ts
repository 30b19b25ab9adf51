import type { DistributionServer } from '../../custom-distribution.js';
import { givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { crc32 } from './hash/crc.js';
import { ofUtf8 } from './key-bytes.js';
import { sha1FirstWord } from './hash/sha1.js';
import { LabelPoints } from './label-points.js';
import { labels, withPort } from './labels.js';
import type { Placement } from './placement.js';
import { RingBuilder } from './ring.js';
import { withoutPoints } from './warnings.js';

const POINTS_PER_SERVER = 160;

/** How often Dalli looks for a live server before it raises a `RingError`. */
const TRIES = 20;

const labelOf = labels(withPort);

const pointOf = ofUtf8(sha1FirstWord());

const SHA1_POINTS = new LabelPoints(':', 1, (text, into, at) => {
  into[at] = pointOf(text);
});

export const dalli = family<object>({}, (servers): Placement => {
  const counts = pointCounts(servers);
  const builder = new RingBuilder();
  for (const [index, server] of servers.entries()) {
    const points = SHA1_POINTS.of(labelOf(server), counts[index]);
    for (let number = 0; number < counts[index]; number += 1) builder.add(points[number], index);
  }
  const ring = builder.build();
  const hashOf = crc32();
  return {
    indexFor: (key) => ring.ownerAtOrBefore(hashOf(key)),
    indexWithout: (key, isDown) => {
      let hashed = key;
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        const index = ring.ownerAtOrBefore(hashOf(hashed));
        if (index === -1 || !isDown(index)) return index;
        hashed = `${attempt}${key}`;
      }
      return -1;
    },
    weights: givenWeights(servers, counts),
    warnings: withoutPoints(
      'dalli',
      servers,
      counts,
      'it has no point on the ring; use weights closer to each other',
    ),
  };
});

function pointCounts(servers: readonly DistributionServer[]): number[] {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  return servers.map(({ weight }) => Math.floor((servers.length * POINTS_PER_SERVER * weight) / total));
}
