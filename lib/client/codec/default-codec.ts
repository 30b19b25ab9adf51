import { CodecError } from '../../errors.js';
import type { Codec, Encoded } from './codec.js';
import { FLAGS_BIGINT, FLAGS_BYTES, FLAGS_INTEGER, FLAGS_JSON, FLAGS_LONG, FLAGS_TEXT } from './flags.js';
import { isPlainJson, isPlainNumber } from './plain-json.js';
import { isWellFormed, readBigInt, readInteger, readJson, readText } from './scalar-text.js';

/**
 * The codec of `codec: 'default'`: what comes back is deeply equal to what went in, prototypes included, for everything
 * that structured clone can carry; what cannot come back so is refused when it is stored.
 *
 * Text, bytes and whole numbers are stored as Python's clients store them, plain JSON values as plain JSON.
 */
export function createDefaultCodec(): Codec {
  return new DefaultCodec();
}

class DefaultCodec implements Codec {
  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) return json(value);
        return { data: Buffer.from(value, 'utf8'), flags: FLAGS_TEXT };
      case 'number':
        if (!isPlainNumber(value)) return this.#encodeTagged(value);
        if (!Number.isSafeInteger(value)) return json(value);
        return { data: Buffer.from(String(value), 'latin1'), flags: FLAGS_INTEGER };
      case 'bigint':
        return { data: Buffer.from(String(value), 'latin1'), flags: FLAGS_BIGINT };
      case 'boolean':
        return json(value);
      case 'object':
        if (value === null) return json(value);
        if (Object.getPrototypeOf(value) === Buffer.prototype && (value as Buffer).length > 0) {
          return { data: value as Buffer, flags: FLAGS_BYTES };
        }
        return isPlainJson(value) ? json(value) : this.#encodeTagged(value);
      default:
        return this.#encodeTagged(value);
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
        return Buffer.from(data);
      case FLAGS_BIGINT:
        return readBigInt(data);
      default:
        throw new CodecError(`client flags ${flags} are not known to this codec`);
    }
  }

  #encodeTagged(value: unknown): Encoded {
    throw new CodecError(`a value of type ${typeof value} cannot be stored`);
  }
}

function json(value: unknown): Encoded {
  return { data: Buffer.from(JSON.stringify(value), 'utf8'), flags: FLAGS_JSON };
}
