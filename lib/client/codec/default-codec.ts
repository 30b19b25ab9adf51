import { keptBytes } from './kept-bytes.js';
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
import { isPlainJson, isPlainNumber } from './plain-json.js';
import { isWellFormed, readBigInt, readInteger, readJson, readText } from './scalar-text.js';
import { decodeTagged } from './tagged-reader.js';
import { encodeTagged, type TaggedOptions } from './tagged-writer.js';
import { unknownFlags } from './unknown-flags.js';

const NO_CLASSES: TaggedOptions = { types: new ClassTypes({}, undefined), classInstances: 'refuse' };

/**
 * The codec of `codec: 'default'`: what comes back is deeply equal to what went in, prototypes included, for everything
 * that structured clone can carry; what could not come back so is refused when it is stored.
 *
 * Text, bytes and whole numbers are stored as Python's clients store them, plain JSON values as plain JSON.
 */
export function createDefaultCodec(options: TaggedOptions = NO_CLASSES): Codec {
  return new DefaultCodec(options);
}

class DefaultCodec implements InPlaceCodec {
  readonly #options: TaggedOptions;

  constructor(options: TaggedOptions) {
    this.#options = options;
  }

  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) return json(value);
        return { data: value, flags: FLAGS_TEXT };
      case 'number':
        if (!isPlainNumber(value)) return encodeTagged(value, this.#options);
        if (!Number.isSafeInteger(value)) return json(value);
        return { data: String(value), flags: FLAGS_INTEGER };
      case 'bigint':
        return { data: String(value), flags: FLAGS_BIGINT };
      case 'boolean':
        return json(value);
      case 'object':
        if (value === null) return json(value);
        if (isStorableBuffer(value)) return { data: value, flags: FLAGS_BYTES };
        return isPlainJson(value) ? json(value) : encodeTagged(value, this.#options);
      default:
        return encodeTagged(value, this.#options);
    }
  }

  decodeAt(bytes: Buffer, start: number, end: number, flags: number): unknown {
    switch (flags) {
      case FLAGS_JSON:
        return readJson(bytes, start, end);
      case FLAGS_TEXT:
        return readText(bytes, start, end);
      default:
        return this.decode(bytes.subarray(start, end), flags);
    }
  }

  decode(data: Buffer, flags: number): unknown {
    switch (flags) {
      case FLAGS_JSON:
        return readJson(data);
      case FLAGS_TEXT:
        return readText(data);
      case FLAGS_INTEGER:
      case FLAGS_LONG:
        return readInteger(data);
      case FLAGS_BYTES:
        return keptBytes(data);
      case FLAGS_BIGINT:
        return readBigInt(data);
      case FLAGS_TAGGED:
        return decodeTagged(data, false, this.#options.types);
      case FLAGS_TAGGED_WITH_BYTES:
        return decodeTagged(data, true, this.#options.types);
      default:
        throw unknownFlags(flags, 'default');
    }
  }
}

/** A Buffer that goes as it is; an empty one would look like a lease stub. */
function isStorableBuffer(value: object): value is Buffer {
  return Object.getPrototypeOf(value) === Buffer.prototype && (value as Buffer).length > 0;
}

function json(value: unknown): Encoded {
  return { data: JSON.stringify(value), flags: FLAGS_JSON };
}
