import type { KeyBytes } from '../key-bytes.js';

const BLOCK_BYTES = 64;
const ROUNDS = 80;

/**
 * The first four bytes of a key's SHA-1, most significant first. Overwrites what stands behind the key.
 *
 * @see RFC 3174
 */
export function sha1FirstWord(): (key: KeyBytes) => number {
  const words = new Int32Array(ROUNDS);
  return (key) => {
    const { view, length } = key;
    const end = ((length + 8) & -BLOCK_BYTES) + BLOCK_BYTES;
    key.bytes.fill(0, length, end);
    key.bytes[length] = 0x80;
    view.setInt32(end - 4, length << 3);
    const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0] as State;
    for (let offset = 0; offset < end; offset += BLOCK_BYTES) mix(state, view, offset, words);
    return state[0];
  };
}

type State = [number, number, number, number, number];

function mix(state: State, view: DataView, offset: number, words: Int32Array): void {
  let [a, b, c, d, e] = state;
  for (let i = 0; i < ROUNDS; i += 1) {
    words[i] =
      i < 16
        ? view.getInt32(offset + i * 4)
        : rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    const next = (rotated(a, 5) + chosen(i, b, c, d) + e + words[i]) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  state[0] = (state[0] + a) | 0;
  state[1] = (state[1] + b) | 0;
  state[2] = (state[2] + c) | 0;
  state[3] = (state[3] + d) | 0;
  state[4] = (state[4] + e) | 0;
}

/** The round's function of three words, and its constant. */
function chosen(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
