import { CodecError } from '../../../errors.js';
import type { Codec, Encoded, Stored } from '../codec.js';
import type { Packing } from '../compressing-codec.js';
import { compress, decompress } from '../compression.js';
import { asBuffer, readTextOrBytes, writeJson } from '../foreign-values.js';
import { readJson, readText } from '../scalar-text.js';
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
export function createDalliCodec(): Codec {
  return new DalliCodec();
}

class DalliCodec implements Codec {
  encode(value: unknown): Encoded {
    if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_RAW };
    return { data: writeJson(value, 'dalli'), flags: FLAG_SERIALIZED };
  }

  decode(data: Buffer, flags: number): unknown {
    switch (flags) {
      case FLAGS_RAW:
        return readTextOrBytes(data);
      case FLAG_UTF8:
        return readText(data);
      case FLAG_SERIALIZED:
        if (data.subarray(0, 2).equals(MARSHAL)) {
          throw new CodecError(
            "the value is Ruby's Marshal, which only Ruby can read; give Dalli 'serializer: JSON'",
          );
        }
        return readJson(data);
      default:
        throw unknownFlags(flags, 'dalli');
    }
  }
}

/** Dalli's compressed values: a zlib stream, or gzip with its `GzipCompressor`. */
export class DalliPacking implements Packing {
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    return { data: await compress('zlib', data), flags: flags | FLAG_COMPRESSED };
  }

  isPacked(flags: number): boolean {
    return (flags & FLAG_COMPRESSED) !== 0 && flags <= 7;
  }

  async unpack(data: Buffer, flags: number): Promise<Stored> {
    const format = data[0] === 0x1f && data[1] === 0x8b ? 'gzip' : 'zlib';
    return { data: await decompress(format, data, this.#maxBytes), flags: flags & ~FLAG_COMPRESSED };
  }
}
