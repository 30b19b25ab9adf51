// Declared beside the option a user writes (`options/` may not import this room), used here under the same names.
export type { Codec, Encoded } from '../../options/codec-options.js';
