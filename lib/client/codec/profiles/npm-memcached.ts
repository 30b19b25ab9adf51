import { CodecError } from '../../../errors.js';
import type { Bounds } from '../bounds.js';
import { NamedCodec, type Encoded } from '../codec.js';
import { asBuffer, notStorable, readTextOrCounter, writeJson, writeText } from '../foreign-values.js';
import { readText } from '../scalar-text.js';
import type { ReadBudget } from '../read-budget.js';
import { unknownFlags } from '../unknown-flags.js';

const FLAGS_STRING = 0;
const FLAGS_JSON = 2;
const FLAGS_BINARY = 4;
const FLAGS_NUMBER = 8;

/** A line break, before which that client puts a backslash when storing. */
const BREAK = /[\r\n]/g;

/** A line break with the backslash that it takes away when reading. */
const MARKED_BREAK = /\\([\r\n])/g;

/**
 * The codec of `codec: 'npm-memcached'`: every value is text there, with a backslash before each line break; a Buffer is
 * the text of the characters with its bytes' numbers.
 */
export function createNpmMemcachedCodec(bounds: Bounds): NamedCodec {
  return new NpmMemcachedCodec(bounds);
}

class NpmMemcachedCodec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        return { data: writeMarked(value), flags: FLAGS_STRING };
      case 'number':
        // `String(-0)` is '0'.
        return {
          data: Buffer.from(Object.is(value, -0) ? '-0' : String(value), 'latin1'),
          flags: FLAGS_NUMBER,
        };
      case 'object':
        if (value instanceof Uint8Array) {
          return { data: writeMarked(asBuffer(value).toString('latin1')), flags: FLAGS_BINARY };
        }
        return { data: this.#bounds.checkedJson(writeJson(value, 'npm-memcached')), flags: FLAGS_JSON };
      case 'boolean':
        return { data: this.#bounds.checkedJson(writeJson(value, 'npm-memcached')), flags: FLAGS_JSON };
      default:
        throw notStorable(value, 'npm-memcached');
    }
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    switch (flags) {
      case FLAGS_STRING: {
        const text = readTextOrCounter(data);
        return typeof text === 'string' ? text.replace(MARKED_BREAK, '$1') : text;
      }
      case FLAGS_JSON:
        return this.#bounds.readJsonText(readMarked(data), budget);
      case FLAGS_BINARY:
        return readBinary(readMarked(data));
      case FLAGS_NUMBER:
        this.#bounds.checkDigits(data.length);
        return readNumber(readText(data));
      default:
        throw unknownFlags(flags, 'npm-memcached');
    }
  }
}

function writeMarked(text: string): string {
  return writeText(text.replace(BREAK, '\\$&'));
}

function readMarked(data: Buffer): string {
  return readText(data).replace(MARKED_BREAK, '$1');
}

function readBinary(text: string): Buffer {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) throw new CodecError('the stored text does not stand for bytes');
  }
  return Buffer.from(text, 'latin1');
}

function readNumber(text: string): number {
  const number = Number(text);
  const isNumber = text.trim() !== '' && (!Number.isNaN(number) || text === 'NaN');
  if (!isNumber) throw new CodecError('the stored bytes are not a number');
  return number;
}
