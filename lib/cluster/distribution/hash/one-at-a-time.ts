import type { KeyBytes } from '../key-bytes.js';

/**
 * Bob Jenkins's one-at-a-time hash: libmemcached's default.
 *
 * Bytes from 0x80 on count as negative, as they do where C's `char` is signed (x86-64; on ARM the same client differs).
 */
export function oneAtATime({ bytes, length }: KeyBytes): number {
  let hash = 0;
  for (let i = 0; i < length; i += 1) {
    hash = (hash + ((bytes[i] << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) | 0;
}
