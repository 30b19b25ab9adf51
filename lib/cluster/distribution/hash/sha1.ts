import { hash } from 'node:crypto';
import type { KeyBytes } from '../key-bytes.js';

/** The first four bytes of a key's SHA-1, most significant first. */
export function sha1FirstWord(): (key: KeyBytes) => number {
  return ({ bytes, length }) =>
    Number.parseInt(hash('sha1', bytes.subarray(0, length), 'hex').slice(0, 8), 16) | 0;
}
