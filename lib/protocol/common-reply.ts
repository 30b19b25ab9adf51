import type { Reply } from './reply.js';
import { latin1, MAX_DIGITS } from './reply-fields.js';
import { MAX_KEY_BYTES } from './wire-key.js';

const LF = 10;
const CR = 13;
const BLANK = 32;
const ZERO = 48;
const NINE = 57;

/** No line of the three is longer; with less than that left they are not read, so that no byte past the end is asked for. */
const LONGEST_DONE = 16;
const LONGEST_VALUE = 96;
const LONGEST_ITEM = 320;

const MAX_FLAGS = 2 ** 32 - 1;

/** Where reading stands; nothing is kept here from one call to the next. */
let at = 0;

/**
 * Reads a reply in one pass if it is one of the three that nearly all traffic consists of, and whole:
 *
 * - `VA <bytes> f<flags> [c<cas>] [t<ttl>] O<opaque>` with its value, the answer to `get` and to a read with a lease;
 * - `HD O<opaque>`, the answer to most that is written;
 * - `VALUE <key> <flags> <bytes>` with its value, an item of the answer to `get k1 k2 …`.
 *
 * Nothing is refused here: what looks odd in any way is left to `ReplyParser`, which reads every reply, in several passes.
 *
 * @param reply is filled; it must have been reset.
 * @returns where the next reply begins; -1 if this one was not read, and then `reply` is as it was.
 */
export function readCommonReply(chunk: Buffer, start: number, reply: Reply): number {
  const left = chunk.length - start;
  if (left < LONGEST_DONE) return -1;
  const first = chunk[start];
  const second = chunk[start + 1];
  // VA, HD, VALUE
  if (first === 86 && second === 65) {
    if (left < LONGEST_VALUE) return -1;
    if (chunk[start + 2] === BLANK) return readValue(chunk, start + 3, reply);
    return left < LONGEST_ITEM ? -1 : readItem(chunk, start + 2, reply);
  }
  return first === 72 && second === 68 ? readDone(chunk, start + 2, reply) : -1;
}

/** `<bytes> f<flags> [c<cas>] [t<ttl>] O<opaque>` */
function readValue(chunk: Buffer, start: number, reply: Reply): number {
  at = start;
  const bytes = digits(chunk);
  if (chunk[at] !== BLANK || chunk[at + 1] !== 102) return -1;
  at += 2;
  const flags = digits(chunk);
  if (!(flags <= MAX_FLAGS) || chunk[at] !== BLANK) return -1;
  let casStart = 0;
  let casEnd = 0;
  if (chunk[at + 1] === 99) {
    casStart = at += 2;
    if (!(digits(chunk) >= 0) || chunk[at] !== BLANK) return -1;
    casEnd = at;
    if (casEnd - casStart > MAX_DIGITS) return -1;
  }
  let ttlSeconds = -1;
  if (chunk[at + 1] === 116) {
    at += 2;
    if (chunk[at] === 45 && chunk[at + 1] === 49) at += 2;
    else ttlSeconds = digits(chunk);
    if (!(ttlSeconds >= -1) || chunk[at] !== BLANK) return -1;
  }
  if (chunk[at + 1] !== 79) return -1;
  at += 2;
  const opaque = digits(chunk);
  if (!(opaque >= 0 && takeDataBlock(chunk, bytes, reply))) return -1;
  reply.status = 'value';
  reply.flags = flags;
  reply.opaque = opaque;
  reply.ttlSeconds = ttlSeconds;
  if (casEnd > casStart) reply.cas = latin1(chunk, casStart, casEnd);
  return at;
}

/** ` O<opaque>` */
function readDone(chunk: Buffer, start: number, reply: Reply): number {
  if (chunk[start] !== BLANK || chunk[start + 1] !== 79) return -1;
  at = start + 2;
  const opaque = digits(chunk);
  if (!(opaque >= 0) || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
  reply.status = 'ok';
  reply.opaque = opaque;
  return at + 2;
}

/** `LUE <key> <flags> <bytes>` */
function readItem(chunk: Buffer, start: number, reply: Reply): number {
  if (chunk[start] !== 76 || chunk[start + 1] !== 85 || chunk[start + 2] !== 69) return -1;
  if (chunk[start + 3] !== BLANK) return -1;
  const key = (at = start + 4);
  while (chunk[at] > BLANK) at += 1;
  const keyEnd = at;
  if (keyEnd === key || keyEnd - key > MAX_KEY_BYTES || chunk[at] !== BLANK) return -1;
  at += 1;
  const flags = digits(chunk);
  if (!(flags <= MAX_FLAGS) || chunk[at] !== BLANK) return -1;
  at += 1;
  const bytes = digits(chunk);
  if (!takeDataBlock(chunk, bytes, reply)) return -1;
  reply.status = 'value';
  reply.more = true;
  reply.flags = flags;
  reply.setKey(chunk, key, keyEnd);
  return at;
}

/** The number that stands here, and goes on behind it; `NaN` if there is none. */
function digits(chunk: Buffer): number {
  const start = at;
  let number = 0;
  let byte = chunk[at];
  while (byte >= ZERO && byte <= NINE) {
    number = number * 10 + byte - ZERO;
    at += 1;
    byte = chunk[at];
  }
  return at === start ? Number.NaN : number;
}

/** Goes on behind the line end that stands here and the data block, if both are there and as they must be. */
function takeDataBlock(chunk: Buffer, bytes: number, reply: Reply): boolean {
  if (chunk[at] !== CR || chunk[at + 1] !== LF) return false;
  const start = at + 2;
  const end = start + bytes;
  if (!(end + 2 <= chunk.length) || chunk[end] !== CR || chunk[end + 1] !== LF) return false;
  reply.setValue(chunk, start, end);
  at = end + 2;
  return true;
}
