import { CodecError } from '../../errors.js';
import type { CodecBounds } from '../../options/codec-options.js';
import type { ReadBudget } from './read-budget.js';
import { readText } from './scalar-text.js';

/**
 * JSON of no more bytes than this is parsed without a look: counting takes a third of the time that parsing does, and what
 * so few bytes can come to (8,000 arrays within each other) takes 2 ms and 1 MB.
 */
const UNCOUNTED_BYTES = 16 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const PART = 1;
const OPENS = 2;
const CLOSES = 3;
const TEXT = 4;

/** What a byte of JSON outside of texts means for its structure. */
const MARKS = new Uint8Array(256);
for (const character of ',:') MARKS[character.charCodeAt(0)] = PART;
for (const character of '[{') MARKS[character.charCodeAt(0)] = OPENS;
for (const character of ']}') MARKS[character.charCodeAt(0)] = CLOSES;
MARKS[QUOTE] = TEXT;

/** What a value may come to when it is read: whoever may write to memcached must not be able to end or block the process. */
export class Bounds {
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  readonly #maxDigits: number;

  constructor(options: CodecBounds) {
    this.#maxDepth = options.maxDepth;
    this.#maxNodes = options.maxNodes;
    this.#maxDigits = options.maxDigits;
  }

  /**
   * Reads JSON, from `start` to `end`.
   *
   * @throws {CodecError} if the bytes are something else, or pass a bound. The parser's own error quotes them, so it is not
   *   kept.
   */
  readJson(bytes: Buffer, start = 0, end = bytes.length, budget?: ReadBudget): unknown {
    const length = end - start;
    if (budget?.note(length) === true || length > UNCOUNTED_BYTES) {
      const nodes = this.#count(bytes, start, end);
      budget?.takeNodes(nodes);
    }
    return parse(readText(bytes, start, end));
  }

  /** Reads JSON that has been made a text before; otherwise like `readJson`. */
  readJsonText(text: string, budget: ReadBudget | undefined): unknown {
    if (budget === undefined && text.length <= UNCOUNTED_BYTES) return parse(text);
    return this.readJson(Buffer.from(text, 'utf8'), undefined, undefined, budget);
  }

  /**
   * JSON that is to be stored, as it is.
   *
   * @throws {CodecError} if it could not be read.
   */
  checkedJson(text: string): string {
    // There cannot be more parts than characters; and so few are read without a look, too.
    if (text.length > Math.min(this.#maxNodes, UNCOUNTED_BYTES))
      this.#count(Buffer.from(text, 'utf8'), 0, Buffer.byteLength(text, 'utf8'));
    return text;
  }

  /** @throws {CodecError} for more digits than a number may have. */
  checkDigits(count: number): void {
    if (count > this.#maxDigits) {
      throw new CodecError(`a number has more than ${this.#maxDigits} digits, the limit of codec.maxDigits`);
    }
  }

  /** @throws {CodecError} for more nesting than a value may have. */
  checkDepth(depth: number): void {
    if (depth > this.#maxDepth) {
      throw new CodecError(
        `the value is nested more than ${this.#maxDepth} deep, the limit of codec.maxDepth`,
      );
    }
  }

  /** @throws {CodecError} for more parts than a value may have. */
  checkNodes(nodes: number): void {
    if (nodes > this.#maxNodes) {
      throw new CodecError(`the value has more than ${this.#maxNodes} parts, the limit of codec.maxNodes`);
    }
  }

  /** Counts what parsing will make of JSON; of bytes that are something else the parser will tell. */
  #count(bytes: Buffer, start: number, end: number): number {
    let depth = 0;
    let nodes = 1;
    let after = start;
    for (let at = start; at < end; at += 1) {
      const mark = MARKS[bytes[at]];
      if (mark === 0) continue;
      this.checkDigits(at - after);
      if (mark === TEXT) {
        for (at += 1; at < end && bytes[at] !== QUOTE; at += 1) if (bytes[at] === BACKSLASH) at += 1;
      } else if (mark === CLOSES) {
        depth -= 1;
      } else {
        nodes += 1;
        this.checkNodes(nodes);
        if (mark === OPENS) this.checkDepth((depth += 1));
      }
      after = at + 1;
    }
    this.checkDigits(end - after);
    return nodes;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CodecError('the stored bytes are not JSON');
  }
}
