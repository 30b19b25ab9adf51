import type { KeyBytes } from '../key-bytes.js';

/** What libmemcached and twemproxy start from. */
const INITIAL_VALUE = 13;

/** Bytes mixed at a time. */
const BLOCK_BYTES = 12;

/** Bob Jenkins's lookup3 `hashlittle`. Overwrites what stands behind the key. */
export function jenkins({ bytes, view, length }: KeyBytes): number {
  let a = (0xdeadbeef + length + INITIAL_VALUE) | 0;
  let b = a;
  let c = a;
  if (length === 0) return c;
  // The last block is mixed in another way, even when it is a full one; zeros behind the key fill it up.
  const last = length - ((length - 1) % BLOCK_BYTES) - 1;
  bytes.fill(0, length, last + BLOCK_BYTES);
  for (let i = 0; i < last; i += BLOCK_BYTES) {
    a = (a + view.getInt32(i, true)) | 0;
    b = (b + view.getInt32(i + 4, true)) | 0;
    c = (c + view.getInt32(i + 8, true)) | 0;
    a = ((a - c) | 0) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  a = (a + view.getInt32(last, true)) | 0;
  b = (b + view.getInt32(last + 4, true)) | 0;
  c = (c + view.getInt32(last + 8, true)) | 0;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  return ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
}
