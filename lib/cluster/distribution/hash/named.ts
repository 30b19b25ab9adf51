import type { HashName, HashOption } from '../../../options/distribution-options.js';
import { type Reader, func, oneOf } from '../../../options/schema.js';
import { crc15, crc16, crc32 } from './crc.js';
import { fnv1Of32, fnv1Of64, fnv1aOf32, fnv1aOf64 } from './fnv.js';
import type { KeyHash } from './hash.js';
import { ofUtf8 } from '../key-bytes.js';
import { hsieh } from './hsieh.js';
import { jenkins } from './jenkins.js';
import { md5FirstWord } from './md5.js';
import { murmur, murmur3 } from './murmur.js';
import { oneAtATime } from './one-at-a-time.js';

/** How each hash that libmemcached or twemproxy names is made, each time with a buffer of its own. */
const MAKERS = {
  default: () => ofUtf8(oneAtATime),
  one_at_a_time: () => ofUtf8(oneAtATime),
  md5: () => ofUtf8(md5FirstWord()),
  crc: crc15,
  crc16: () => ofUtf8(crc16),
  crc32: crc15,
  crc32a: crc32,
  fnv1_32: () => ofUtf8(fnv1Of32),
  fnv1a_32: () => ofUtf8(fnv1aOf32),
  fnv1_64: () => ofUtf8(fnv1Of64),
  fnv1a_64: () => ofUtf8(fnv1aOf64),
  hsieh: () => ofUtf8(hsieh),
  murmur: () => ofUtf8(murmur),
  murmur3: () => ofUtf8(murmur3),
  jenkins: () => ofUtf8(jenkins),
} as const satisfies Record<string, () => KeyHash>;

export const HASH_NAMES = Object.keys(MAKERS) as readonly HashName[];

/** @returns the hash, for one user: it keeps the key at hand in a buffer of its own. */
export function keyHash(hash: HashOption): KeyHash {
  return typeof hash === 'function' ? hash : MAKERS[hash]();
}

/** Reads a `HashOption`. */
export const readHash: Reader<HashOption> = (value, path) =>
  typeof value === 'function'
    ? func<(key: string) => number>()(value, path)
    : oneOf(...HASH_NAMES)(value, path);
