import type { KeyBytes } from '../key-bytes.js';

/** Paul Hsieh's SuperFastHash as twemproxy has it: it starts from 0, not from the length. */
export function hsieh({ bytes, view, length }: KeyBytes): number {
  let hash = 0;
  const whole = length & -4;
  for (let i = 0; i < whole; i += 4) {
    hash = (hash + view.getUint16(i, true)) | 0;
    hash = (hash << 16) ^ (view.getUint16(i + 2, true) << 11) ^ hash;
    hash = (hash + (hash >>> 11)) | 0;
  }
  const rest = length - whole;
  if (rest === 3) {
    hash = (hash + view.getUint16(whole, true)) | 0;
    hash ^= hash << 16;
    // The third byte is read through C's signed `char`.
    hash ^= ((bytes[whole + 2] << 24) >> 24) << 18;
    hash = (hash + (hash >>> 11)) | 0;
  } else if (rest === 2) {
    hash = (hash + view.getUint16(whole, true)) | 0;
    hash ^= hash << 11;
    hash = (hash + (hash >>> 17)) | 0;
  } else if (rest === 1) {
    hash = (hash + bytes[whole]) | 0;
    hash ^= hash << 10;
    hash = (hash + (hash >>> 1)) | 0;
  }
  hash ^= hash << 3;
  hash = (hash + (hash >>> 5)) | 0;
  hash ^= hash << 4;
  hash = (hash + (hash >>> 17)) | 0;
  hash ^= hash << 25;
  return (hash + (hash >>> 6)) | 0;
}
