import { type Reader, func, oneOf } from '../../../options/schema.js';
import { crc15, crc16, crc32 } from './crc.js';
import { fnv1Of32, fnv1Of64, fnv1aOf32, fnv1aOf64 } from './fnv.js';
import { type ByteHash, type KeyHash, ofUtf8 } from './hash.js';
import { hsieh } from './hsieh.js';
import { jenkins } from './jenkins.js';
import { md5FirstWord } from './md5.js';
import { murmur, murmur3 } from './murmur.js';
import { oneAtATime } from './one-at-a-time.js';

/** How each hash that libmemcached or twemproxy names is made. */
const MAKERS = {
  default: () => oneAtATime,
  one_at_a_time: () => oneAtATime,
  md5: md5FirstWord,
  crc: () => crc15,
  crc16: () => crc16,
  crc32: () => crc15,
  crc32a: () => crc32,
  fnv1_32: () => fnv1Of32,
  fnv1a_32: () => fnv1aOf32,
  fnv1_64: () => fnv1Of64,
  fnv1a_64: () => fnv1aOf64,
  hsieh: () => hsieh,
  murmur: () => murmur,
  murmur3: () => murmur3,
  jenkins: () => jenkins,
} as const satisfies Record<string, () => ByteHash>;

/**
 * Hashes by the names libmemcached and twemproxy give them.
 *
 * Beware of two: `crc32` is twemproxy's name for libmemcached's `crc`, 15 bits of a CRC-32; the whole CRC-32 is `crc32a`.
 */
export type HashName = keyof typeof MAKERS;

/** A hash by its name, or a function of your own from a key to a number, of which 32 bits count. */
export type HashOption = HashName | ((key: string) => number);

export const HASH_NAMES = Object.keys(MAKERS) as readonly HashName[];

/** @returns a hash with a buffer of its own. */
export function keyHash(hash: HashOption): KeyHash {
  return typeof hash === 'function' ? hash : ofUtf8(MAKERS[hash]());
}

/** Reads a `HashOption`. */
export const readHash: Reader<HashOption> = (value, path) =>
  typeof value === 'function'
    ? func<(key: string) => number>()(value, path)
    : oneOf(...HASH_NAMES)(value, path);
