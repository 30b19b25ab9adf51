import { CodecError } from '../../../errors.js';
import type { Bounds } from '../bounds.js';
import { readTextOrBytes } from '../foreign-values.js';
import type { ReadBudget } from '../read-budget.js';

const SEMICOLON = 0x3b;
const COLON = 0x3a;

const COUNT = /^\d+$/;
const WHOLE = /^-?\d+$/;
const FRACTION = /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|-?INF|NAN)$/;

/**
 * Reads PHP's `serialize()` of scalars and arrays. Objects are refused, references too: nothing is ever constructed.
 *
 * @param data the bytes, of which nothing is kept.
 * @returns an array whose keys are 0, 1, 2, … as an array, any other as an object; strings that are not UTF-8 as Buffers.
 * @throws {CodecError} for everything else.
 */
export function unserializePhp(data: Buffer, bounds: Bounds, budget?: ReadBudget): unknown {
  const reader = new PhpReader(data, bounds);
  const value = reader.read(0);
  budget?.takeNodes(reader.nodes);
  reader.end();
  return value;
}

class PhpReader {
  readonly #data: Buffer;
  readonly #bounds: Bounds;
  #at = 0;

  /** How many scalars, arrays and keys have been read. */
  nodes = 0;

  constructor(data: Buffer, bounds: Bounds) {
    this.#data = data;
    this.#bounds = bounds;
  }

  read(depth: number): unknown {
    this.nodes += 1;
    this.#bounds.checkNodes(this.nodes);
    const type = String.fromCharCode(this.#next());
    if (type === 'N') {
      this.#expect(SEMICOLON);
      return null;
    }
    if ('OCErR'.includes(type))
      throw new CodecError('the value holds an object or a reference of PHP, which are not read');
    this.#expect(COLON);
    switch (type) {
      case 'b':
        return this.#until(SEMICOLON) === '1';
      case 'i':
        return toNumber(this.#until(SEMICOLON));
      case 'd':
        return readPhpFloat(this.#until(SEMICOLON));
      case 's': {
        const text = this.#string();
        this.#expect(SEMICOLON);
        return readTextOrBytes(text);
      }
      case 'a':
        return this.#array(depth);
      default:
        throw damaged();
    }
  }

  end(): void {
    if (this.#at !== this.#data.length) throw damaged();
  }

  #array(depth: number): unknown {
    this.#bounds.checkDepth(depth + 1);
    const count = this.#count();
    this.#expectText('{');
    const entries: [string, unknown][] = [];
    let isList = true;
    for (let index = 0; index < count; index += 1) {
      const key = this.read(depth + 1);
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint') throw damaged();
      isList &&= key === index;
      entries.push([String(key), this.read(depth + 1)]);
    }
    this.#expectText('}');
    // `fromEntries` defines, so that even `__proto__` is only a name.
    return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  }

  #string(): Buffer {
    const length = this.#count();
    this.#expectText('"');
    const end = this.#at + length;
    if (end >= this.#data.length) throw damaged();
    const bytes = this.#data.subarray(this.#at, end);
    this.#at = end;
    this.#expectText('"');
    return bytes;
  }

  #count(): number {
    const text = this.#until(COLON);
    if (!COUNT.test(text)) throw damaged();
    return Number(text);
  }

  #until(mark: number): string {
    const end = this.#data.indexOf(mark, this.#at);
    if (end === -1) throw damaged();
    this.#bounds.checkDigits(end - this.#at);
    const text = this.#data.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #expectText(character: string): void {
    this.#expect(character.charCodeAt(0));
  }

  #expect(byte: number): void {
    if (this.#next() !== byte) throw damaged();
  }

  #next(): number {
    if (this.#at >= this.#data.length) throw damaged();
    const byte = this.#data[this.#at];
    this.#at += 1;
    return byte;
  }
}

/**
 * Reads a float as PHP prints it.
 *
 * @throws {CodecError} for anything else.
 */
export function readPhpFloat(text: string): number {
  if (!FRACTION.test(text)) throw damaged();
  if (text === 'NAN') return Number.NaN;
  return Number(text.replace('INF', 'Infinity'));
}

function toNumber(text: string): number | bigint {
  if (!WHOLE.test(text)) throw damaged();
  const rounded = Number(text);
  return Number.isSafeInteger(rounded) ? rounded : BigInt(text);
}

function damaged(): CodecError {
  return new CodecError("the stored bytes are not what PHP's serialize() writes");
}
