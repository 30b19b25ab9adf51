/**
 * SipHash-2-4 of texts, by their UTF-16 code units: 64 bits, which nobody can tell a name from who does not know the secret.
 *
 * In halves of 32 bits, since that is what the engine computes with at once: a microsecond for a key of usual length.
 *
 * @see Aumasson, Bernstein: SipHash, a fast short-input PRF
 */
export class NameHash {
  /** The halves of the last hash, as signed numbers; read them before the next. */
  low = 0;
  high = 0;
  readonly #key: Int32Array;

  /** @param key 16 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
  }

  /** Hashes a text of single bytes' or any other characters. */
  update(text: string): void {
    const [k0l, k0h, k1l, k1h] = this.#key;
    const v = STATE;
    v[0] = k0l ^ 0x70736575;
    v[1] = k0h ^ 0x736f6d65;
    v[2] = k1l ^ 0x6e646f6d;
    v[3] = k1h ^ 0x646f7261;
    v[4] = k0l ^ 0x6e657261;
    v[5] = k0h ^ 0x6c796765;
    v[6] = k1l ^ 0x79746573;
    v[7] = k1h ^ 0x74656462;
    const { length } = text;
    const whole = length - (length % 4);
    for (let at = 0; at < whole; at += 4) {
      block(
        v,
        text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16),
        text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16),
      );
    }
    // What is left, and the length, which no other text of the same units has.
    let low = 0;
    let high = (length * 2) << 24;
    if (whole < length) low = text.charCodeAt(whole);
    if (whole + 1 < length) low |= text.charCodeAt(whole + 1) << 16;
    if (whole + 2 < length) high |= text.charCodeAt(whole + 2);
    block(v, low, high);
    v[4] ^= 0xff;
    for (let turn = 0; turn < 4; turn += 1) round(v);
    this.low = v[0] ^ v[2] ^ v[4] ^ v[6];
    this.high = v[1] ^ v[3] ^ v[5] ^ v[7];
  }
}

/** The four words, each as its low half and its high one. */
const STATE = new Int32Array(8);

function block(v: Int32Array, low: number, high: number): void {
  v[6] ^= low;
  v[7] ^= high;
  round(v);
  round(v);
  v[0] ^= low;
  v[1] ^= high;
}

function round(v: Int32Array): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  swap(v, 0);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  swap(v, 4);
}

function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to] >>> 0) + (v[from] >>> 0);
  v[to] = low;
  v[to + 1] = v[to + 1] + v[from + 1] + (low > 0xffff_ffff ? 1 : 0);
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to] ^= v[from];
  v[to + 1] ^= v[from + 1];
}

/** To the left, by less than 32. */
function rotate(v: Int32Array, at: number, by: number): void {
  const low = v[at];
  const high = v[at + 1];
  v[at] = (low << by) | (high >>> (32 - by));
  v[at + 1] = (high << by) | (low >>> (32 - by));
}

/** By 32. */
function swap(v: Int32Array, at: number): void {
  const low = v[at];
  v[at] = v[at + 1];
  v[at + 1] = low;
}
