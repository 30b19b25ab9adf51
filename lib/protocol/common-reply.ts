import { MAX_DIGITS } from './reply-fields.js';
import type { Reply, ReplyStatus } from './reply.js';
import { MAX_KEY_BYTES } from './wire-key.js';

const LF = 10;
const CR = 13;
const BLANK = 32;
const MINUS = 45;
const ZERO = 48;
const ONE = 49;
const NINE = 57;

/**
 * No such line is longer. With less than that left they are read only if the last byte there is a line end, at which
 * every search stops: so no byte past the end is asked for.
 */
const SHORTEST = 4;
const LONGEST_DONE = 32;
const LONGEST_VALUE = 96;
const LONGEST_ITEM = 320;

const MAX_FLAGS = 2 ** 32 - 1;

/**
 * Reads a reply in one pass if it is one of those that nearly all traffic consists of, and whole:
 *
 * - `VA <bytes> [f<flags>] [c<cas>] [t<ttl>] O<opaque> [Z] [X] [W]` with its value, the answer to `get`, to a read with a lease,
 *   and with what a counter has come to;
 * - `HD O<opaque>`, the answer to most that is written, and `NF O<opaque>` where nothing was there;
 * - `VALUE <key> <flags> <bytes>` with its value, an item of the answer to `get k1 k2 …`.
 *
 * Nothing is refused here: what looks odd in any way is left to `ReplyParser`, which reads every reply, in several passes.
 */
export class CommonReplies {
  /** Where reading stands. */
  #at = 0;
  readonly #opaquePrefix: Buffer;

  /** @param opaquePrefix what the opaques of the connection begin with. */
  constructor(opaquePrefix: Buffer) {
    this.#opaquePrefix = opaquePrefix;
  }

  /**
   * @param reply is filled; it must have been reset.
   * @returns where the next reply begins; -1 if this one was not read, and then `reply` is as it was.
   */
  read(chunk: Buffer, start: number, reply: Reply): number {
    const left = chunk.length - start;
    const closed = chunk[chunk.length - 1] === LF;
    if (left < (closed ? SHORTEST : LONGEST_DONE)) return -1;
    const first = chunk[start];
    const second = chunk[start + 1];
    // VA, VALUE, HD, NF
    if (first === 86 && second === 65) {
      if (left < LONGEST_VALUE && !closed) return -1;
      if (chunk[start + 2] === BLANK) return this.#value(chunk, start + 3, reply);
      return left < LONGEST_ITEM && !closed ? -1 : this.#item(chunk, start + 2, reply);
    }
    if (first === 72 && second === 68) return this.#done(chunk, start + 2, reply, 'ok');
    return first === 78 && second === 70 ? this.#done(chunk, start + 2, reply, 'not-found') : -1;
  }

  /** `<bytes> [f<flags>] [c<cas>] [t<ttl>] O<opaque> [Z] [X] [W]` */
  #value(chunk: Buffer, start: number, reply: Reply): number {
    this.#at = start;
    const bytes = this.#digits(chunk);
    const flags = this.#skipTo(chunk, 102) ? this.#digits(chunk) : 0;
    const hasCas = this.#skipTo(chunk, 99);
    const casStart = this.#at;
    const cas = hasCas ? this.#digits(chunk) : 0;
    const casEnd = this.#at;
    const ttlSeconds = this.#skipTo(chunk, 116) ? this.#ttl(chunk) : -1;
    if (!this.#skipTo(chunk, 79)) return -1;
    const opaque = this.#opaque(chunk);
    const isMarked = chunk[this.#at] === BLANK;
    const busy = isMarked && this.#skipTo(chunk, 90);
    const stale = isMarked && this.#skipTo(chunk, 88);
    const won = isMarked && this.#skipTo(chunk, 87);
    if (!(flags <= MAX_FLAGS && cas >= 0 && casEnd - casStart <= MAX_DIGITS)) return -1;
    if (!(ttlSeconds >= -1 && opaque >= 0 && this.#takeDataBlock(chunk, bytes, reply))) return -1;
    reply.status = 'value';
    reply.flags = flags;
    reply.opaque = opaque;
    reply.ttlSeconds = ttlSeconds;
    if (hasCas) reply.setCas(chunk, casStart, casEnd);
    if (isMarked) {
      reply.busy = busy;
      reply.stale = stale;
      reply.won = won;
    }
    return this.#at;
  }

  /** ` O<opaque>` */
  #done(chunk: Buffer, start: number, reply: Reply, status: ReplyStatus): number {
    this.#at = start;
    if (!this.#skipTo(chunk, 79)) return -1;
    const opaque = this.#opaque(chunk);
    const end = this.#at;
    if (!(opaque >= 0) || chunk[end] !== CR || chunk[end + 1] !== LF) return -1;
    reply.status = status;
    reply.opaque = opaque;
    return end + 2;
  }

  /** `LUE <key> <flags> <bytes>` */
  #item(chunk: Buffer, start: number, reply: Reply): number {
    if (chunk[start] !== 76 || chunk[start + 1] !== 85 || chunk[start + 2] !== 69) return -1;
    if (chunk[start + 3] !== BLANK) return -1;
    const key = start + 4;
    let keyEnd = key;
    while (chunk[keyEnd] > BLANK) keyEnd += 1;
    if (keyEnd === key || keyEnd - key > MAX_KEY_BYTES || chunk[keyEnd] !== BLANK) return -1;
    this.#at = keyEnd + 1;
    const flags = this.#digits(chunk);
    if (!(flags <= MAX_FLAGS) || chunk[this.#at] !== BLANK) return -1;
    this.#at += 1;
    if (!this.#takeDataBlock(chunk, this.#digits(chunk), reply)) return -1;
    reply.status = 'value';
    reply.more = true;
    reply.flags = flags;
    reply.setKey(chunk, key, keyEnd);
    return this.#at;
  }

  /** Goes on behind a blank and the letter of a flag, if that is what stands here. */
  #skipTo(chunk: Buffer, letter: number): boolean {
    if (chunk[this.#at] !== BLANK || chunk[this.#at + 1] !== letter) return false;
    this.#at += 2;
    return true;
  }

  /** The number that stands here, and goes on behind it; `NaN` if there is none. */
  #digits(chunk: Buffer): number {
    const start = this.#at;
    let at = start;
    let number = 0;
    let byte = chunk[at];
    while (byte >= ZERO && byte <= NINE) {
      number = number * 10 + byte - ZERO;
      at += 1;
      byte = chunk[at];
    }
    this.#at = at;
    return at === start ? Number.NaN : number;
  }

  /** The number behind the connection's prefix; `NaN` if that does not stand here. */
  #opaque(chunk: Buffer): number {
    const prefix = this.#opaquePrefix;
    const { length } = prefix;
    const start = this.#at;
    for (let index = 0; index < length; index += 1) {
      if (chunk[start + index] !== prefix[index]) return Number.NaN;
    }
    this.#at = start + length;
    return this.#digits(chunk);
  }

  /** Seconds, or -1 for an item without end. */
  #ttl(chunk: Buffer): number {
    if (chunk[this.#at] !== MINUS) return this.#digits(chunk);
    if (chunk[this.#at + 1] !== ONE) return Number.NaN;
    this.#at += 2;
    return -1;
  }

  /** Goes on behind the line end that stands here and the data block, if both are there and as they must be. */
  #takeDataBlock(chunk: Buffer, bytes: number, reply: Reply): boolean {
    const lineEnd = this.#at;
    if (chunk[lineEnd] !== CR || chunk[lineEnd + 1] !== LF) return false;
    const start = lineEnd + 2;
    const end = start + bytes;
    if (!(end + 2 <= chunk.length) || chunk[end] !== CR || chunk[end + 1] !== LF) return false;
    reply.bytes = chunk;
    reply.valueStart = start;
    reply.valueEnd = end;
    reply.valueLength = bytes;
    this.#at = end + 2;
    return true;
  }
}
