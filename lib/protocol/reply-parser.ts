import { ProtocolError } from '../errors.js';
import { CommonReplies } from './common-reply.js';
import { FOREIGN_OPAQUE, Reply, type ReplyStatus } from './reply.js';
import { bare, clientFlags, digits, latin1, natural, tokenEnd, ttl } from './reply-fields.js';

const LF = 10;
const CR = 13;
const BLANK = 32;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** Longest reply line accepted. The longest memcached sends itself is a `metadump` line with a URL-encoded key. */
const MAX_LINE_BYTES = 8192;

/** The largest item a memcached can be told to take (`-I 1024m`); a longer announced length is garbage. */
const MAX_VALUE_BYTES = 1024 * 1024 * 1024;

/** Up to here a value's memory is taken at once from the announced length; above, only as bytes arrive. */
const TRUSTED_LENGTH_BYTES = 8 * 1024 * 1024;

/** Lines of statistics are handed out together, up to the line that fills so many bytes: a listing may have no end. */
const STATISTICS_BYTES = 64 * 1024;

const VALUE = Buffer.from('VALUE ');
const CONFIG = Buffer.from('CONFIG ');
const STAT = Buffer.from('STAT ');

/** How the lines of `lru_crawler metadump` begin. */
const DUMP = Buffer.from('key=');

/** What the first word of a line says, where the parser does not know it by its bytes. */
const WORDS: ReadonlyMap<string, ReplyStatus> = new Map([
  ['NS', 'not-stored'],
  ['EX', 'exists'],
  ['NF', 'not-found'],
  ['MN', 'noop'],
  ['ME', 'line'],
  ['OK', 'ok'],
  ['STORED', 'ok'],
  ['DELETED', 'ok'],
  ['TOUCHED', 'ok'],
  ['RESET', 'ok'],
  ['NOT_STORED', 'not-stored'],
  ['EXISTS', 'exists'],
  ['NOT_FOUND', 'not-found'],
  ['VERSION', 'version'],
  ['ERROR', 'error'],
  ['CLIENT_ERROR', 'client-error'],
  ['SERVER_ERROR', 'server-error'],
  ['BUSY', 'server-error'],
] satisfies [string, ReplyStatus][]);

/** The words that more text follows. */
const WITH_TEXT: ReadonlySet<ReplyStatus> = new Set<ReplyStatus>([
  'line',
  'version',
  'error',
  'client-error',
  'server-error',
]);

/**
 * Cuts the bytes of one connection into replies, wherever the network cut them before.
 *
 * Serves both dialects, since a meta connection gets classic replies as well (`get k1 k2 …`, `stats`, errors), and never
 * looks for line ends inside data: lengths rule. A parser dies with its connection; half a reply is never carried over.
 */
export class ReplyParser {
  readonly #onReply: (reply: Reply) => void;
  readonly #reply = new Reply();
  readonly #common: CommonReplies;
  readonly #opaquePrefix: Buffer;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer | undefined;
  /** The value being received across chunks: its bytes and the two of its line end. */
  #body: Body | undefined;
  /** The lines of statistics that have come since the last reply. */
  #statistics = '';

  /**
   * @param onReply gets every reply, valid until it returns.
   * @param opaquePrefix what the opaques of this connection begin with.
   */
  constructor(onReply: (reply: Reply) => void, opaquePrefix = '') {
    this.#onReply = onReply;
    this.#opaquePrefix = Buffer.from(opaquePrefix, 'latin1');
    this.#common = new CommonReplies(this.#opaquePrefix);
  }

  /** @param life what the cas tokens of all replies belong to, as it stands behind their digits. */
  setLife(life: string): void {
    this.#reply.life = life;
    this.#reply.needsWitness = life.endsWith('~');
  }

  /**
   * Takes the next bytes of the connection.
   *
   * @throws {ProtocolError} for what no memcached sends; the parser must not be used again.
   */
  push(chunk: Buffer): void {
    let position = 0;
    if (this.#body !== undefined) {
      position = this.#body.take(chunk, 0);
      if (!this.#body.complete) return;
      this.#finishValue(this.#body.bytes());
      this.#body = undefined;
    }
    if (this.#rest !== undefined) {
      chunk = Buffer.concat([this.#rest, chunk.subarray(position)]);
      position = 0;
      this.#rest = undefined;
    }
    const length = chunk.length;
    while (position < length) {
      this.#reply.reset();
      const next = this.#statistics === '' ? this.#common.read(chunk, position, this.#reply) : -1;
      if (next >= 0) {
        this.#onReply(this.#reply);
        position = next;
        continue;
      }
      let end = position;
      while (end < length && chunk[end] !== LF) end += 1;
      if (end - position > MAX_LINE_BYTES)
        throw new ProtocolError(`a reply line of over ${MAX_LINE_BYTES} bytes`);
      if (end === length) {
        this.#rest = chunk.subarray(position);
        return;
      }
      position = this.#line(chunk, position, end);
    }
  }

  /** Reads the line in `[start, lf)`; returns where the next reply begins. */
  #line(chunk: Buffer, start: number, lf: number): number {
    const end = lf > start && chunk[lf - 1] === CR ? lf - 1 : lf;
    const reply = this.#reply;
    const first = chunk[start];
    const second = chunk[start + 1];
    // STAT <name> <value>
    if (first === 83 && beginsWith(chunk, start, STAT)) return this.#statisticsFrom(chunk, start, lf);
    const isEnd = end - start === 3 && first === 69 && second === 78 && chunk[start + 2] === 68;
    if (this.#statistics !== '') {
      this.#handOutStatistics(!isEnd);
      if (isEnd) return lf + 1;
    }
    // VA <bytes> <flags>*
    if (first === 86 && second === 65 && chunk[start + 2] === BLANK) {
      reply.status = 'value';
      return this.#value(chunk, lf + 1, this.#metaValue(chunk, start + 3, end));
    }
    // HD <flags>*, EN <flags>*, END
    if ((first === 72 && second === 68) || (first === 69 && second === 78)) {
      if (isEnd) {
        reply.status = 'end';
        reply.text = 'END';
      } else {
        reply.status = first === 72 ? 'ok' : 'not-found';
        this.#metaFlags(chunk, start + 2, end);
      }
      this.#onReply(reply);
      return lf + 1;
    }
    // VALUE <key> <flags> <bytes> [<cas>], CONFIG <key> <flags> <bytes>
    const word = beginsWith(chunk, start, VALUE)
      ? VALUE
      : beginsWith(chunk, start, CONFIG)
        ? CONFIG
        : undefined;
    if (word !== undefined) {
      reply.status = 'value';
      reply.more = true;
      return this.#value(chunk, lf + 1, this.#classicValue(chunk, start + word.length, end));
    }
    this.#word(chunk, start, end);
    this.#onReply(reply);
    return lf + 1;
  }

  /** Takes the lines of statistics that begin at `start`, as many as are whole; returns where the next line begins. */
  #statisticsFrom(chunk: Buffer, start: number, lf: number): number {
    const room = STATISTICS_BYTES - this.#statistics.length;
    let next = lf + 1;
    while (next - start < room && beginsWith(chunk, next, STAT)) {
      const end = chunk.indexOf(LF, next);
      if (end < 0 || end - next > MAX_LINE_BYTES) break;
      next = end + 1;
    }
    this.#statistics += latin1(chunk, start, next);
    if (next - start >= room) this.#handOutStatistics(true);
    return next;
  }

  #handOutStatistics(more: boolean): void {
    const reply = this.#reply;
    reply.status = 'stat';
    reply.more = more;
    reply.text = this.#statistics;
    this.#statistics = '';
    this.#onReply(reply);
    reply.reset();
  }

  /** Hands out the value whose data block begins at `start`, or keeps what is there of it; returns the next position. */
  #value(chunk: Buffer, start: number, bytes: number): number {
    if (bytes > MAX_VALUE_BYTES)
      throw new ProtocolError(`a value of ${bytes} bytes, more than any memcached can hold`);
    const end = start + bytes + 2;
    if (end <= chunk.length) {
      if (chunk[end - 2] !== CR || chunk[end - 1] !== LF) throw badDataBlock();
      this.#reply.setValue(chunk, start, end - 2);
      this.#onReply(this.#reply);
      return end;
    }
    this.#body = new Body(bytes + 2);
    return this.#body.take(chunk, start);
  }

  #finishValue(bytes: Buffer): void {
    const end = bytes.length;
    if (bytes[end - 2] !== CR || bytes[end - 1] !== LF) throw badDataBlock();
    this.#reply.setValue(bytes, 0, end - 2);
    this.#onReply(this.#reply);
    // Nothing may come after it for long, and it can be large.
    this.#reply.reset();
  }

  /** `<bytes> <flags>*` of a `VA` line; returns the number of bytes. */
  #metaValue(chunk: Buffer, start: number, end: number): number {
    const flags = tokenEnd(chunk, start, end);
    if (flags === start) throw malformed(chunk, start, end);
    this.#metaFlags(chunk, flags, end);
    return natural(chunk, start, flags);
  }

  /**
   * The flags after a meta status, each one letter with or without a token, in any order. Servers send those that were
   * asked for and `W`, `X`, `Z`, once each; anything else is refused, since it may have swallowed one of them.
   */
  #metaFlags(chunk: Buffer, start: number, end: number): void {
    const reply = this.#reply;
    let position = start;
    let seen = 0;
    while (position < end) {
      if (chunk[position] !== BLANK) throw malformed(chunk, start, end);
      const letter = chunk[position + 1];
      // No two of the letters below have the same last five bits.
      if ((seen & (1 << letter)) !== 0) throw malformed(chunk, start, end);
      seen |= 1 << letter;
      const token = position + 2;
      position += 1;
      while (position < end && chunk[position] !== BLANK) position += 1;
      switch (letter) {
        case 79: // O
          reply.opaque = this.#opaque(chunk, token, position);
          break;
        case 102: // f
          reply.flags = clientFlags(chunk, token, position);
          break;
        case 99: // c
          this.#cas(chunk, token, position);
          break;
        case 116: // t
          reply.ttlSeconds = ttl(chunk, token, position);
          break;
        case 87: // W
          reply.won = bare(token, position);
          break;
        case 90: // Z
          reply.busy = bare(token, position);
          break;
        case 88: // X
          reply.stale = bare(token, position);
          break;
        case 115: // s
          reply.size = natural(chunk, token, position);
          break;
        case 104: // h
          reply.hitBefore = natural(chunk, token, position) !== 0;
          break;
        case 108: // l
          reply.lastAccessSeconds = natural(chunk, token, position);
          break;
        case 98: // b
          bare(token, position);
          break;
        default:
          throw malformed(chunk, token - 1, position);
      }
    }
  }

  /** Decimal digits of 64 bits. */
  #cas(chunk: Buffer, start: number, end: number): void {
    digits(chunk, start, end);
    this.#reply.setCas(chunk, start, end);
  }

  /** The number behind the connection's prefix; `FOREIGN_OPAQUE` without that. */
  #opaque(chunk: Buffer, start: number, end: number): number {
    if (!beginsWith(chunk, start, this.#opaquePrefix)) return FOREIGN_OPAQUE;
    return natural(chunk, start + this.#opaquePrefix.length, end);
  }

  /** `<key> <flags> <bytes> [<cas>]` of a `VALUE` line; returns the number of bytes. */
  #classicValue(chunk: Buffer, start: number, end: number): number {
    const reply = this.#reply;
    const key = tokenEnd(chunk, start, end);
    const flags = tokenEnd(chunk, key + 1, end);
    const bytes = tokenEnd(chunk, flags + 1, end);
    reply.setKey(chunk, start, key);
    reply.flags = clientFlags(chunk, key + 1, flags);
    if (bytes < end) this.#cas(chunk, bytes + 1, end);
    return natural(chunk, flags + 1, bytes);
  }

  /** Every line without a data block but `HD` and `EN`. */
  #word(chunk: Buffer, start: number, end: number): void {
    const reply = this.#reply;
    const first = chunk[start];
    if (first >= DIGIT_0 && first <= DIGIT_9) {
      reply.status = 'number';
      // Where `decr` has made a number shorter, memcached fills up with blanks.
      let last = end;
      while (chunk[last - 1] === BLANK) last -= 1;
      reply.text = digits(chunk, start, last);
      return;
    }
    const wordEnd = tokenEnd(chunk, start, end);
    const word = chunk.toString('latin1', start, wordEnd);
    const status = WORDS.get(word) ?? (beginsWith(chunk, start, DUMP) ? 'line' : undefined);
    if (status === undefined) throw malformed(chunk, start, end);
    reply.status = status;
    if (WITH_TEXT.has(status)) {
      reply.text = chunk.toString('latin1', start, end);
      // Lines of a dump go on up to their END; a metadebug line stands alone.
      reply.more = status === 'line' && first === 107;
    } else if (wordEnd - start === 2) {
      this.#metaFlags(chunk, wordEnd, end);
    } else {
      if (wordEnd < end) throw malformed(chunk, start, end);
      reply.text = word;
    }
  }
}

/** The bytes of one value on their way. */
class Body {
  readonly #length: number;
  readonly #whole: Buffer | undefined;
  readonly #pieces: Buffer[] = [];
  #filled = 0;

  constructor(length: number) {
    this.#length = length;
    if (length <= TRUSTED_LENGTH_BYTES) this.#whole = Buffer.allocUnsafeSlow(length);
  }

  get complete(): boolean {
    return this.#filled === this.#length;
  }

  /** Takes what belongs to the value from `chunk`; returns the position behind it. */
  take(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#length - this.#filled);
    if (this.#whole !== undefined) chunk.copy(this.#whole, this.#filled, start, end);
    else this.#pieces.push(chunk.subarray(start, end));
    this.#filled += end - start;
    return end;
  }

  bytes(): Buffer {
    return this.#whole ?? Buffer.concat(this.#pieces, this.#length);
  }
}

function beginsWith(chunk: Buffer, start: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index += 1) if (chunk[start + index] !== word[index]) return false;
  return true;
}

function badDataBlock(): ProtocolError {
  return new ProtocolError('a value does not end where its announced length says');
}

/** Names the kind of line, never what follows its first word: that may be part of a value. */
function malformed(chunk: Buffer, start: number, end: number): ProtocolError {
  const word = chunk.toString('latin1', start, Math.min(end, start + 16)).replace(/[^\x21-\x7e].*$/s, '');
  return new ProtocolError(`a reply no memcached sends, beginning with '${word}'`);
}
