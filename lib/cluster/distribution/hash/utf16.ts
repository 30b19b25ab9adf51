import { FNV_OFFSET_32, FNV_PRIME_32 } from './fnv.js';
import type { KeyHash } from './hash.js';

// Hashes of clients written in Java or JavaScript, which go over a string's UTF-16 code units.

/** Java's `String.hashCode`. */
export function java31(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return hash;
}

/**
 * FNV-1 as spymemcached has it: 64-bit arithmetic of which 32 bits are kept. A product's low bits depend on nothing
 * above them, so that 32-bit arithmetic comes to the same.
 */
export function fnv1OfUnits(offset: number, prime: number): KeyHash {
  return (key) => {
    let hash = offset | 0;
    for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash, prime) ^ key.charCodeAt(i);
    return hash;
  };
}

/** FNV-1a as spymemcached has it. */
export function fnv1aOfUnits(offset: number, prime: number): KeyHash {
  return (key) => {
    let hash = offset | 0;
    for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), prime);
    return hash;
  };
}

export const fnv1aOf32Units = fnv1aOfUnits(FNV_OFFSET_32, FNV_PRIME_32);

/**
 * FNV-1a as npm memcache has it: the product is a double, which loses its low bits above 2^53.
 * `Math.imul` would be right, and would send keys elsewhere.
 */
export function fnv1aInDoubles(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) {
    hash ^= key.charCodeAt(i);
    hash = (hash * 0x01000193) | 0;
  }
  return hash | 0;
}
