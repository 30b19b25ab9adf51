import { createHash } from 'node:crypto';
import type { KeyBytes } from '../key-bytes.js';

/** The first four bytes of a key's SHA-1, most significant first. */
export function sha1FirstWord(): (key: KeyBytes) => number {
  return ({ bytes, length }) => createHash('sha1').update(bytes.subarray(0, length)).digest().readInt32BE(0);
}
