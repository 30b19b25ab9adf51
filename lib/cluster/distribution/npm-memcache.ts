import type { OwnerOf } from '../../custom-distribution.js';
import { oneOf, optional } from '../../options/schema.js';
import { givenWeights } from './counted-weights.js';
import { family } from './family.js';
import type { KeyHash } from './hash/hash.js';
import { type KeyBytes, ofUtf8 } from './key-bytes.js';
import { md5FirstWord } from './hash/md5.js';
import { sha1FirstWord } from './hash/sha1.js';
import { fnv1aInDoubles } from './hash/utf16.js';
import { labels } from './labels.js';
import { RingBuilder } from './ring.js';
import { zeroCountsAsOne } from './warnings.js';
import { WeightedList } from './weighted-list.js';
import { rebuiltWithoutDown } from './without-down.js';

/** Points of a server of weight 1. */
const BASE_WEIGHT = 50;

/** Turns the order of signed 32-bit numbers, in which its ring stands, into that of unsigned ones. */
const SIGN_BIT = 0x80000000;

interface Resolved {
  hash: 'md5' | 'sha1' | undefined;
}

const SHAPE = { hash: optional(oneOf('md5', 'sha1')) };

const idOf = labels(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));

export const npmMemcacheKetama = family<Resolved>(SHAPE, (servers, { hash }) => {
  const build = (live: readonly number[]): OwnerOf => {
    const hashOf = hashNamed(hash);
    const builder = new RingBuilder();
    for (const index of live) {
      const id = idOf(servers[index]);
      for (let number = servers[index].weight * BASE_WEIGHT; number > 0; number -= 1) {
        builder.add(hashOf(`${id}\0${number}`) ^ SIGN_BIT, index);
      }
    }
    const ring = builder.build();
    return (key) => ring.ownerAtOrAfter(hashOf(key) ^ SIGN_BIT);
  };
  return rebuiltWithoutDown(givenWeights(servers), build);
});

export const npmMemcacheModula = family<Resolved>(SHAPE, (servers, { hash }) => {
  const weights = servers.map(({ weight }) => weight || 1);
  const build = (live: readonly number[]): OwnerOf => {
    const hashOf = hashNamed(hash);
    const list = new WeightedList(live.map((owner) => ({ owner, weight: weights[owner] })));
    return (key) => list.ownerAt((hashOf(key) >>> 0) % list.length);
  };
  return rebuiltWithoutDown(weights, build, zeroCountsAsOne('npm-memcache-modula', servers));
});

/** The first four bytes of a digest are read most significant first. */
function hashNamed(hash: 'md5' | 'sha1' | undefined): KeyHash {
  if (hash === undefined) return fnv1aInDoubles;
  if (hash === 'sha1') return ofUtf8(sha1FirstWord());
  const littleEndian = md5FirstWord();
  return ofUtf8((key: KeyBytes) => byteSwapped(littleEndian(key)));
}

function byteSwapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
