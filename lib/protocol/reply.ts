import { latin1 } from './reply-fields.js';

/** Stands for an opaque that is of no request of the connection. */
export const FOREIGN_OPAQUE = -2;

const NO_BYTES = Buffer.alloc(0);

const ZERO = 48;

/**
 * One reply, as the parser hands it out. The parser fills the SAME object for every reply, and `value` and the key are
 * views into the bytes of the socket: whoever keeps something copies it.
 */
export class Reply {
  status: ReplyStatus = 'ok';
  /** More replies to the same request follow: an item of a classic list, before its `END`, or statistics without theirs. */
  more = false;
  /** Client flags (`f`). */
  flags = 0;
  /** Seconds to live (`t`), -1 for an item that never expires; meaningless unless asked for. */
  ttlSeconds = -1;
  /** The number of the opaque (`O`), -1 when the reply has none, `FOREIGN_OPAQUE` when it is another connection's. */
  opaque = -1;
  /** `W`: this reader has won the right to compute the value. */
  won = false;
  /** `Z`: somebody else has won it. */
  busy = false;
  /** `X`: the item is marked stale. */
  stale = false;
  /** Size of the value in bytes (`s`). */
  size = 0;
  /** Whether the item had been hit before (`h`). */
  hitBefore = false;
  /** Seconds since the last access (`l`). */
  lastAccessSeconds = 0;
  /**
   * The whole line for `number`, `version`, `line` and the errors, without its end. Of a `stat` all its lines with their
   * ends, of an endless listing so many as `more` follow.
   */
  text = '';

  /** Where the data block of a `value` lies: in these bytes, from `valueStart` to `valueEnd`; it is empty otherwise. */
  bytes: Buffer = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  /** Their number. */
  valueLength = 0;

  #casBytes: Buffer = NO_BYTES;
  #casStart = 0;
  #casEnd = 0;

  #keyBytes: Buffer = NO_BYTES;
  #keyStart = 0;
  #keyEnd = 0;

  /** The life of the server that counted `cas`; the connection's, not the reply's: it stays. */
  life = '';
  /** Whether that life ends unseen, so that digits alone do not say which item it was. */
  needsWitness = false;
  /** Whether `cas` is 0, from which no server counts: it was started without tokens (`-C`). */
  isWithoutTokens = false;

  /** Forgets the reply before. */
  reset(): void {
    this.more = false;
    this.bytes = NO_BYTES;
    this.valueStart = this.valueEnd = this.valueLength = 0;
    this.flags = 0;
    this.#casBytes = NO_BYTES;
    this.#casEnd = this.#casStart = 0;
    this.isWithoutTokens = false;
    this.ttlSeconds = -1;
    this.opaque = -1;
    this.won = false;
    this.busy = false;
    this.stale = false;
    this.size = 0;
    this.hitBefore = false;
    this.lastAccessSeconds = 0;
    this.text = '';
    this.#keyEnd = this.#keyStart = 0;
  }

  /** Cas token in decimal digits (`c`), or `''` when the reply has none. A text is made of it for those who ask. */
  get cas(): string {
    return this.#casEnd === 0 ? '' : latin1(this.#casBytes, this.#casStart, this.#casEnd);
  }

  setCas(bytes: Buffer, start: number, end: number): void {
    this.#casBytes = bytes;
    this.#casStart = start;
    this.#casEnd = end;
    this.isWithoutTokens = end - start === 1 && bytes[start] === ZERO;
  }

  /** A view of the data block. Making one costs as much as reading a short text, so few who read ask for it. */
  get value(): Buffer {
    return this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  setValue(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.valueStart = start;
    this.valueEnd = end;
    this.valueLength = end - start;
  }

  setKey(bytes: Buffer, start: number, end: number): void {
    this.#keyBytes = bytes;
    this.#keyStart = start;
    this.#keyEnd = end;
  }

  /** Whether the reply names exactly this key (one character per byte); compares in place, without making a string. */
  names(key: string): boolean {
    const start = this.#keyStart;
    const length = this.#keyEnd - start;
    if (length !== key.length) return false;
    const bytes = this.#keyBytes;
    for (let index = 0; index < length; index += 1) {
      if (bytes[start + index] !== key.charCodeAt(index)) return false;
    }
    return true;
  }
}

/**
 * What a reply line says, the same word for both dialects: `HD` and `STORED` are both `ok`.
 *
 * `end` closes a list (`END`); a classic miss is a list of nothing.
 */
export type ReplyStatus =
  | 'value'
  | 'ok'
  | 'not-stored'
  | 'exists'
  | 'not-found'
  | 'end'
  | 'number'
  | 'stat'
  | 'version'
  | 'noop'
  | 'line'
  | 'error'
  | 'client-error'
  | 'server-error';
