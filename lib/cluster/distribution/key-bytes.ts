/** Room behind every key that a digest may fill with its padding. */
const SPARE_BYTES = 72;

/** memcached's longest key. */
const USUAL_BYTES = 250;

/** The UTF-8 bytes of one key at a time, in a buffer that serves every key, since a lookup must not allocate. */
export class KeyBytes {
  /** Has at least 72 bytes behind `length`, which are free to be overwritten. */
  bytes = new Uint8Array(USUAL_BYTES + SPARE_BYTES);
  /** The same memory as `bytes`. */
  view = new DataView(this.bytes.buffer);
  length = 0;
  readonly #encoder = new TextEncoder();

  load(key: string): void {
    const units = key.length;
    this.#reserve(units);
    const bytes = this.bytes;
    for (let i = 0; i < units; i += 1) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) {
        this.#loadUtf8(key);
        return;
      }
      bytes[i] = unit;
    }
    this.length = units;
  }

  #loadUtf8(key: string): void {
    this.#reserve(key.length * 3);
    this.length = this.#encoder.encodeInto(key, this.bytes).written;
  }

  #reserve(length: number): void {
    if (length + SPARE_BYTES <= this.bytes.length) return;
    this.bytes = new Uint8Array(length + SPARE_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** The hash of a key's UTF-8 bytes, which is what every client not written in Java or JavaScript hashes. */
export function ofUtf8(hash: (key: KeyBytes) => number): (key: string) => number {
  const key = new KeyBytes();
  return (text) => {
    key.load(text);
    return hash(key);
  };
}
