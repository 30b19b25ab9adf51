import { keptBytes } from '../kept-bytes.js';
import { CodecError } from '../../../errors.js';
import type { Bounds } from '../bounds.js';
import { NamedCodec, type Encoded } from '../codec.js';
import { FLAGS_BYTES, FLAGS_INTEGER, FLAGS_JSON, FLAGS_LONG, FLAGS_TEXT } from '../flags.js';
import { asBuffer, notStorable, writeJson, writeText } from '../foreign-values.js';
import { readInteger, readText } from '../scalar-text.js';
import type { ReadBudget } from '../read-budget.js';
import { unknownFlags } from '../unknown-flags.js';

const FLAG_PICKLE = 1;

/**
 * The codec of `codec: 'python'`: text, bytes and whole numbers as python-memcached and pymemcache's `PickleSerde` store
 * them; what they would pickle goes as JSON, which they read as text.
 */
export function createPythonCodec(bounds: Bounds): NamedCodec {
  return new PythonCodec(bounds);
}

class PythonCodec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    if (typeof value === 'string') return { data: writeText(value), flags: FLAGS_TEXT };
    if (typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
      return { data: String(value), flags: FLAGS_INTEGER };
    }
    if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_BYTES };
    if (value === undefined) throw notStorable(value, 'python');
    return { data: this.#bounds.checkedJson(writeJson(value, 'python')), flags: FLAGS_JSON };
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    switch (flags) {
      case FLAGS_TEXT:
        return readText(data);
      case FLAGS_BYTES:
        return keptBytes(data);
      case FLAGS_INTEGER:
      case FLAGS_LONG:
        return readInteger(data, this.#bounds);
      case FLAGS_JSON:
        return this.#bounds.readJson(data, 0, data.length, budget);
      case FLAG_PICKLE:
        throw new CodecError(
          'the value is a pickle of Python, a program that only Python can run, and nobody should',
        );
      default:
        throw unknownFlags(flags, 'python');
    }
  }
}
