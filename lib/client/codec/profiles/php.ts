import { CodecError } from '../../../errors.js';
import type { Bounds } from '../bounds.js';
import { NamedCodec, type Encoded, type Stored } from '../codec.js';
import type { Packing } from '../compressing-codec.js';
import { compress, type Decompressor } from '../compression.js';
import { asBuffer, notStorable, readTextOrCounter, writeJson, writeText } from '../foreign-values.js';
import { readInteger } from '../scalar-text.js';
import type { ReadBudget } from '../read-budget.js';
import { unknownFlags } from '../unknown-flags.js';
import { decompressFastlz } from './fastlz.js';
import { readPhpFloat, unserializePhp } from './php-serialize.js';

/** The lowest four bits: the type. */
const TYPES = 0xf;
const TYPE_STRING = 0;
const TYPE_INT = 1;
const TYPE_FLOAT = 2;
const TYPE_BOOL = 3;
const TYPE_SERIALIZED = 4;
const TYPE_IGBINARY = 5;
const TYPE_JSON = 6;
const TYPE_MSGPACK = 7;

/** The next four: how it is compressed. */
const FLAG_COMPRESSED = 0x10;
const FLAG_ZLIB = 0x20;
const FLAG_FASTLZ = 0x40;
const FLAG_ZSTD = 0x80;
const ALGORITHMS = FLAG_ZLIB | FLAG_FASTLZ | FLAG_ZSTD;

/** The upper half is the application's (`OPT_USER_FLAGS`). */
const USER_FLAGS = 0xffff_0000;

/** In front of a compressed value: its length without compression, little endian. */
const LENGTH_BYTES = 4;

const NULL = Buffer.from('N;', 'latin1');

/**
 * The codec of `codec: 'php'`: scalars as php-memcached stores them, arrays and objects as JSON, which it reads whatever
 * its serializer is. Strings are bytes there: what is UTF-8 comes back as text, the rest as a Buffer.
 */
export function createPhpCodec(bounds: Bounds): NamedCodec {
  return new PhpCodec(bounds);
}

class PhpCodec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        return { data: writeText(value), flags: TYPE_STRING };
      case 'number':
        return Number.isSafeInteger(value) && !Object.is(value, -0)
          ? { data: String(value), flags: TYPE_INT }
          : { data: printFloat(value), flags: TYPE_FLOAT };
      case 'bigint':
        if (BigInt.asIntN(64, value) !== value) throw notStorable(value, 'php');
        return { data: String(value), flags: TYPE_INT };
      case 'boolean':
        return { data: value ? '1' : '', flags: TYPE_BOOL };
      case 'object':
        if (value === null) return { data: NULL, flags: TYPE_SERIALIZED };
        if (value instanceof Uint8Array) return { data: asBuffer(value), flags: TYPE_STRING };
        return { data: this.#bounds.checkedJson(writeJson(value, 'php')), flags: TYPE_JSON };
      default:
        throw notStorable(value, 'php');
    }
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    if ((flags & ~USER_FLAGS & ~TYPES) !== 0) throw unknownFlags(flags, 'php');
    switch (flags & TYPES) {
      case TYPE_STRING:
        return readTextOrCounter(data);
      case TYPE_INT:
        return readInteger(data, this.#bounds);
      case TYPE_FLOAT:
        this.#bounds.checkDigits(data.length);
        return readPhpFloat(data.toString('latin1'));
      case TYPE_BOOL:
        return data.length > 0;
      case TYPE_SERIALIZED:
        return unserializePhp(data, this.#bounds, budget);
      case TYPE_JSON:
        return this.#bounds.readJson(data, 0, data.length, budget);
      case TYPE_IGBINARY:
      case TYPE_MSGPACK:
        throw new CodecError(
          'the value is of igbinary or msgpack; set Memcached::OPT_SERIALIZER to JSON or PHP',
        );
      default:
        throw unknownFlags(flags, 'php');
    }
  }
}

/** php-memcached's compressed values: their length, then a stream of zlib, FastLZ or zstd. Writes zlib. */
export class PhpPacking implements Packing {
  readonly #decompressor: Decompressor;

  constructor(decompressor: Decompressor) {
    this.#decompressor = decompressor;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32LE(data.length);
    const stream = await compress('zlib', data);
    return { data: Buffer.concat([length, stream]), flags: flags | FLAG_COMPRESSED | FLAG_ZLIB };
  }

  isPacked(flags: number): boolean {
    return (flags & FLAG_COMPRESSED) !== 0 && (flags & ALGORITHMS) !== 0 && (flags & 0xff00) === 0;
  }

  async unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored> {
    const length = data.length < LENGTH_BYTES ? 0 : data.readUInt32LE(0);
    const stream = await this.#decompress(data.subarray(LENGTH_BYTES), flags, length, budget);
    if (stream.length !== length)
      throw new CodecError('the stored bytes do not come to the length that they tell');
    return { data: stream, flags: (flags & (USER_FLAGS | TYPES)) >>> 0 };
  }

  #decompress(
    stream: Buffer,
    flags: number,
    length: number,
    budget: ReadBudget | undefined,
  ): Promise<Buffer> | Buffer {
    if ((flags & FLAG_FASTLZ) !== 0) {
      this.#decompressor.check(length, budget);
      return decompressFastlz(stream, length);
    }
    const format = (flags & FLAG_ZLIB) !== 0 ? 'zlib' : 'zstd';
    return this.#decompressor.decompress(format, stream, budget);
  }
}

/** As PHP reads it. */
function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NAN';
  return Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'INF');
}
