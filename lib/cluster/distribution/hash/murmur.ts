import type { KeyBytes } from '../key-bytes.js';

/** What libmemcached and twemproxy multiply by the key's length to get a seed. */
const SEED_FACTOR = 0xdeadbeef;

const M = 0x5bd1e995;

/** MurmurHash2 with libmemcached's and twemproxy's seed. */
export function murmur({ bytes, view, length }: KeyBytes): number {
  let hash = Math.imul(SEED_FACTOR, length) ^ length;
  const whole = length & -4;
  for (let i = 0; i < whole; i += 4) {
    let word = Math.imul(view.getInt32(i, true), M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = length - whole;
  if (rest > 0) {
    if (rest > 2) hash ^= bytes[whole + 2] << 16;
    if (rest > 1) hash ^= bytes[whole + 1] << 8;
    hash = Math.imul(hash ^ bytes[whole], M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** MurmurHash3_x86_32 with libmemcached's seed. */
export function murmur3({ view, length }: KeyBytes): number {
  return murmur3Finish(view, length, Math.imul(SEED_FACTOR, length), length);
}

/**
 * MurmurHash3_x86_32 of the first `length` bytes of `view`, or of what came before them and them.
 *
 * @param state the seed, or the state after what came before.
 * @param total how many bytes that was, and these.
 */
export function murmur3Finish(view: DataView, length: number, state: number, total: number): number {
  const whole = length & -4;
  let hash = murmur3State(view, whole, state);
  if (whole < length) {
    let word = 0;
    for (let i = length - 1; i >= whole; i -= 1) word = (word << 8) | view.getUint8(i);
    hash ^= scrambled(word);
  }
  hash ^= total;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** MurmurHash3's state after the first `length` bytes, which are whole words of four. */
export function murmur3State(view: DataView, length: number, state: number): number {
  let hash = state;
  for (let i = 0; i < length; i += 4) {
    hash ^= scrambled(view.getInt32(i, true));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  return hash;
}

function scrambled(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}
