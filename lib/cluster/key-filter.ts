import { fnv1aOf32Units } from './distribution/hash/utf16.js';

/** A megabyte: a million keys are told from others with an error of 2 in 100. */
const BITS = 2 ** 23;

const PROBES = 4;

/** Knows keys again without keeping them (a Bloom filter): never misses one, and sometimes takes another for one. */
export class KeyFilter {
  readonly #bits = new Uint32Array(BITS / 32);

  add(key: string): void {
    let [at, step] = hashes(key);
    for (let probe = 0; probe < PROBES; probe += 1) {
      this.#bits[at >>> 5] |= 1 << (at & 31);
      at = (at + step) & (BITS - 1);
      step += probe;
    }
  }

  has(key: string): boolean {
    let [at, step] = hashes(key);
    for (let probe = 0; probe < PROBES; probe += 1) {
      if ((this.#bits[at >>> 5] & (1 << (at & 31))) === 0) return false;
      at = (at + step) & (BITS - 1);
      step += probe;
    }
    return true;
  }
}

/** Where to look first, and how far it is from there to the next place: FNV-1a, mixed in two ways. */
function hashes(key: string): [at: number, step: number] {
  const hash = fnv1aOf32Units(key);
  const other = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return [(hash ^ (hash >>> 16)) & (BITS - 1), ((other ^ (other >>> 13)) & (BITS - 1)) | 1];
}
