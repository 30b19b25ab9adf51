import { keptBytes } from '../kept-bytes.js';
import { CodecError } from '../../../errors.js';
import { NamedCodec, type Encoded, type Stored } from '../codec.js';
import type { Packing } from '../compressing-codec.js';
import { compress, type Decompressor } from '../compression.js';
import { asBuffer, notStorable, readTextOrCounter, writeText } from '../foreign-values.js';
import type { ReadBudget } from '../read-budget.js';
import { unknownFlags } from '../unknown-flags.js';

const FLAGS_STRING = 0;
const FLAG_JAVA_OBJECT = 1;
const FLAG_GZIP = 2;
const FLAGS_BOOLEAN = 0x100;
const FLAGS_INT = 0x200;
const FLAGS_LONG = 0x300;
const FLAGS_DATE = 0x400;
const FLAGS_BYTE = 0x500;
const FLAGS_FLOAT = 0x600;
const FLAGS_DOUBLE = 0x700;
const FLAGS_BYTES = 0x800;

const TRUE = 0x31;

const MAX_INT = 2 ** 31 - 1;
const MIN_INT = -(2 ** 31);

/** The codec of `codec: 'spymemcached'`: Java's scalar types, each under its flags, as its `SerializingTranscoder` does. */
export function createSpymemcachedCodec(): NamedCodec {
  return new SpymemcachedCodec();
}

class SpymemcachedCodec extends NamedCodec {
  encode(value: unknown): Encoded {
    switch (typeof value) {
      case 'string':
        return { data: writeText(value), flags: FLAGS_STRING };
      case 'boolean':
        return { data: value ? '1' : '0', flags: FLAGS_BOOLEAN };
      case 'number':
        return encodeNumber(value);
      case 'bigint':
        if (BigInt.asIntN(64, value) !== value) break;
        return { data: writeWhole(value, 64), flags: FLAGS_LONG };
      case 'object':
        if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_BYTES };
        if (!(value instanceof Date) || Number.isNaN(value.getTime())) break;
        return { data: writeWhole(BigInt(value.getTime()), 64), flags: FLAGS_DATE };
      default:
    }
    throw notStorable(value, 'spymemcached');
  }

  decode(data: Buffer, flags: number): unknown {
    switch (flags) {
      case FLAGS_STRING:
        return readTextOrCounter(data);
      case FLAGS_BOOLEAN:
        return data[0] === TRUE;
      case FLAGS_INT:
        return Number(BigInt.asIntN(32, readWhole(data, 4)));
      case FLAGS_LONG:
        return toNumber(BigInt.asIntN(64, readWhole(data, 8)));
      case FLAGS_DATE:
        return new Date(Number(BigInt.asIntN(64, readWhole(data, 8))));
      case FLAGS_BYTE:
        return Number(BigInt.asIntN(8, readWhole(data, 1)));
      case FLAGS_FLOAT:
        return padded(data, 4).readFloatBE(0);
      case FLAGS_DOUBLE:
        return padded(data, 8).readDoubleBE(0);
      case FLAGS_BYTES:
        return keptBytes(data);
      case FLAG_JAVA_OBJECT:
        throw new CodecError(
          'the value is a serialized Java object, which only Java can read, and nobody should',
        );
      default:
        throw unknownFlags(flags, 'spymemcached');
    }
  }
}

/** spymemcached's compressed values: gzip, marked by a bit beside the type. */
export class SpymemcachedPacking implements Packing {
  readonly #decompressor: Decompressor;

  constructor(decompressor: Decompressor) {
    this.#decompressor = decompressor;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    return { data: await compress('gzip', data), flags: flags | FLAG_GZIP };
  }

  isPacked(flags: number): boolean {
    return (flags & FLAG_GZIP) !== 0 && (flags & ~0xff03) === 0;
  }

  async unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored> {
    return { data: await this.#decompressor.decompress('gzip', data, budget), flags: flags & ~FLAG_GZIP };
  }
}

function encodeNumber(value: number): Encoded {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    const data = Buffer.allocUnsafe(8);
    data.writeDoubleBE(value);
    return { data, flags: FLAGS_DOUBLE };
  }
  return value >= MIN_INT && value <= MAX_INT
    ? { data: writeWhole(BigInt(value), 32), flags: FLAGS_INT }
    : { data: writeWhole(BigInt(value), 64), flags: FLAGS_LONG };
}

/** Big endian, without the zero bytes in front: 0 is no byte at all. */
function writeWhole(value: bigint, bits: 32 | 64): Buffer {
  const digits = BigInt.asUintN(bits, value).toString(16);
  if (digits === '0') return Buffer.alloc(0);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

function readWhole(data: Buffer, maxBytes: number): bigint {
  if (data.length > maxBytes) throw damaged();
  return data.length === 0 ? 0n : BigInt(`0x${data.toString('hex')}`);
}

function toNumber(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}

/** Java leaves out the zero bytes in front of the bits of a floating-point number, too. */
function padded(data: Buffer, length: number): Buffer {
  if (data.length > length) throw damaged();
  const whole = Buffer.alloc(length);
  data.copy(whole, length - data.length);
  return whole;
}

function damaged(): CodecError {
  return new CodecError('the stored bytes do not have the length of their Java type');
}
