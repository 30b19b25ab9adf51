import type { Codec } from './codec/codec.js';
import { FLAGS_TEXT } from './codec/flags.js';

/** Two are never the same, whatever was lost and whatever clocks say. */
const RANDOM_BYTES = 12;

/** A text that never was: a version, a token, an epoch, a generation. */
export function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))).toString('base64url');
}

/** Whether bytes are stored as such a text: hardly anybody else's look like it. */
export function isRandomText(data: Buffer, flags: number): boolean {
  return flags === FLAGS_TEXT && /^[\w-]{16}$/.test(data.toString('latin1'));
}

/** Stores such texts as they are. */
export const textCodec: Codec = {
  encode: (value) => ({ data: Buffer.from(value as string, 'latin1'), flags: FLAGS_TEXT }),
  decode: (data) => data.toString('latin1'),
};
