import type { Codec } from '../client/codec/codec.js';

/** Two are never the same, whatever was lost and whatever clocks say. */
const RANDOM_BYTES = 12;

/** A text that never was: a version, a token, an epoch. */
export function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))).toString('base64url');
}

/** Stores such texts as they are. */
export const textCodec: Codec = {
  encode: (value) => ({ data: Buffer.from(value as string, 'latin1'), flags: 16 }),
  decode: (data) => data.toString('latin1'),
};
