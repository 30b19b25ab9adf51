import { CodecError } from '../../../errors.js';
import type { Bounds } from '../bounds.js';
import { NamedCodec, type Encoded, type Stored } from '../codec.js';
import type { Packing } from '../compressing-codec.js';
import { compress, type Decompressor } from '../compression.js';
import { asBuffer, readTextOrCounter, writeJson } from '../foreign-values.js';
import { readText } from '../scalar-text.js';
import type { ReadBudget } from '../read-budget.js';
import { unknownFlags } from '../unknown-flags.js';

const FLAGS_RAW = 0;
const FLAG_SERIALIZED = 1;
const FLAG_COMPRESSED = 2;
const FLAG_UTF8 = 4;

/** What Ruby's Marshal begins with: its version, 4.8. */
const MARSHAL = Buffer.of(4, 8);

/**
 * The codec of `codec: 'dalli'`: JSON, as Dalli with `serializer: JSON` stores everything, and bytes as its raw values.
 */
export function createDalliCodec(bounds: Bounds): NamedCodec {
  return new DalliCodec(bounds);
}

class DalliCodec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_RAW };
    return { data: this.#bounds.checkedJson(writeJson(value, 'dalli')), flags: FLAG_SERIALIZED };
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    switch (flags) {
      case FLAGS_RAW:
        return readTextOrCounter(data);
      case FLAG_UTF8:
        return readText(data);
      case FLAG_SERIALIZED:
        if (data.subarray(0, 2).equals(MARSHAL)) {
          throw new CodecError(
            "the value is Ruby's Marshal, which only Ruby can read; give Dalli 'serializer: JSON'",
          );
        }
        return this.#bounds.readJson(data, 0, data.length, budget);
      default:
        throw unknownFlags(flags, 'dalli');
    }
  }
}

/** Dalli's compressed values: a zlib stream, or gzip with its `GzipCompressor`. */
export class DalliPacking implements Packing {
  readonly #decompressor: Decompressor;

  constructor(decompressor: Decompressor) {
    this.#decompressor = decompressor;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    return { data: await compress('zlib', data), flags: flags | FLAG_COMPRESSED };
  }

  isPacked(flags: number): boolean {
    return (flags & FLAG_COMPRESSED) !== 0 && flags <= 7;
  }

  async unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored> {
    const format = data[0] === 0x1f && data[1] === 0x8b ? 'gzip' : 'zlib';
    return {
      data: await this.#decompressor.decompress(format, data, budget),
      flags: flags & ~FLAG_COMPRESSED,
    };
  }
}
