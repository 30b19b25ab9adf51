import type { KeyBytes } from '../key-bytes.js';
import type { ByteHash } from './hash.js';

export const FNV_OFFSET_32 = 2166136261;
export const FNV_PRIME_32 = 16777619;
/** Low halves of the 64-bit constants. The clients keep 32 bits, and those of a product depend on nothing above them. */
export const FNV_OFFSET_64_LOW = 0x84222325;
export const FNV_PRIME_64_LOW = 0x1b3;

// Bytes from 0x80 on count as negative, as they do where C's `char` is signed (x86-64; on ARM the same client differs).

/** Multiply, then xor. */
function fnv1(offset: number, prime: number): ByteHash {
  return ({ bytes, length }: KeyBytes) => {
    let hash = offset | 0;
    for (let i = 0; i < length; i += 1) hash = Math.imul(hash, prime) ^ ((bytes[i] << 24) >> 24);
    return hash;
  };
}

/** Xor, then multiply. */
function fnv1a(offset: number, prime: number): ByteHash {
  return ({ bytes, length }: KeyBytes) => {
    let hash = offset | 0;
    for (let i = 0; i < length; i += 1) hash = Math.imul(hash ^ ((bytes[i] << 24) >> 24), prime);
    return hash;
  };
}

export const fnv1Of32 = fnv1(FNV_OFFSET_32, FNV_PRIME_32);
export const fnv1aOf32 = fnv1a(FNV_OFFSET_32, FNV_PRIME_32);
export const fnv1Of64 = fnv1(FNV_OFFSET_64_LOW, FNV_PRIME_64_LOW);
export const fnv1aOf64 = fnv1a(FNV_OFFSET_64_LOW, FNV_PRIME_64_LOW);
