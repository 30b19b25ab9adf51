import { DEFAULT_BOUNDS } from '../../options/codec-options.js';
import { Bounds } from './bounds.js';
import { ClassTypes } from './class-types.js';
import type { Codec, Encoded, InPlaceCodec } from './codec.js';
import {
  FLAGS_BIGINT,
  FLAGS_BYTES,
  FLAGS_INTEGER,
  FLAGS_JSON,
  FLAGS_LONG,
  FLAGS_TAGGED,
  FLAGS_TAGGED_WITH_BYTES,
  FLAGS_TEXT,
} from './flags.js';
import { keptBytes } from './kept-bytes.js';
import { isPlainJson, isPlainNumber } from './plain-json.js';
import type { ReadBudget } from './read-budget.js';
import { isWellFormed, readBigInt, readInteger, readText } from './scalar-text.js';
import { decodeTagged } from './tagged-reader.js';
import { encodeTagged, type TaggedOptions } from './tagged-writer.js';
import { unknownFlags } from './unknown-flags.js';

const NO_OPTIONS: TaggedOptions = {
  types: new ClassTypes({}, undefined),
  classInstances: 'refuse',
  bounds: new Bounds(DEFAULT_BOUNDS),
};

class DefaultCodec implements InPlaceCodec {
  readonly #options: TaggedOptions;

  constructor(options: TaggedOptions) {
    this.#options = options;
  }

  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) return this.#json(value);
        return { data: value, flags: FLAGS_TEXT };
      case 'number':
        if (!isPlainNumber(value)) return encodeTagged(value, this.#options);
        if (!Number.isSafeInteger(value)) return this.#json(value);
        return { data: String(value), flags: FLAGS_INTEGER };
      case 'bigint':
        return this.#bigint(String(value));
      case 'boolean':
        return this.#json(value);
      case 'object':
        if (value === null) return this.#json(value);
        if (isStorableBuffer(value)) return { data: value, flags: FLAGS_BYTES };
        return isPlainJson(value) ? this.#json(value) : encodeTagged(value, this.#options);
      default:
        return encodeTagged(value, this.#options);
    }
  }

  #json(value: unknown): Encoded {
    return { data: this.#options.bounds.checkedJson(JSON.stringify(value)), flags: FLAGS_JSON };
  }

  #bigint(digits: string): Encoded {
    this.#options.bounds.checkDigits(digits.length);
    return { data: digits, flags: FLAGS_BIGINT };
  }

  readsJson(flags: number): boolean {
    return flags === FLAGS_JSON;
  }

  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget?: ReadBudget,
  ): unknown {
    switch (flags) {
      case FLAGS_JSON:
        return this.#options.bounds.readJson(bytes, start, end, budget);
      case FLAGS_TEXT:
        return readText(bytes, start, end);
      default:
        return this.decode(bytes.subarray(start, end), flags, key, budget);
    }
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    switch (flags) {
      case FLAGS_JSON:
        return this.#options.bounds.readJson(data, 0, data.length, budget);
      case FLAGS_TEXT:
        return readText(data);
      case FLAGS_INTEGER:
      case FLAGS_LONG:
        return readInteger(data, this.#options.bounds);
      case FLAGS_BYTES:
        return keptBytes(data);
      case FLAGS_BIGINT:
        return readBigInt(data, this.#options.bounds);
      case FLAGS_TAGGED:
        return decodeTagged(data, false, this.#options, budget);
      case FLAGS_TAGGED_WITH_BYTES:
        return decodeTagged(data, true, this.#options, budget);
      default:
        throw unknownFlags(flags, 'default');
    }
  }
}

/**
 * The codec of `codec: 'default'`: what comes back is deeply equal to what went in, prototypes included, for everything
 * that structured clone can carry; what could not come back so is refused when it is stored.
 *
 * Text, bytes and whole numbers are stored as Python's clients store them, plain JSON values as plain JSON.
 */
export function createDefaultCodec(options: TaggedOptions = NO_OPTIONS): Codec {
  return new DefaultCodec(options);
}

/** A Buffer that goes as it is; an empty one would look like a lease stub. */
function isStorableBuffer(value: object): value is Buffer {
  return Object.getPrototypeOf(value) === Buffer.prototype && (value as Buffer).length > 0;
}
