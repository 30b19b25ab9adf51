import { CodecError } from '../../errors.js';
import type { Compression } from '../../options/codec-options.js';
import {
  andThen,
  inBytes,
  inPlace,
  type Codec,
  type Encoded,
  type InPlaceCodec,
  type Stored,
} from './codec.js';
import { compress, type CompressedFormat, type Decompressor } from './compression.js';
import type { ReadBudget } from './read-budget.js';
import { FLAG_ZLIB, FLAGS_WRAPPED_BROTLI, FLAGS_WRAPPED_ZLIB, FLAGS_WRAPPED_ZSTD } from './flags.js';

/** Compresses what another codec encodes if it has more than `overBytes`, and decompresses whatever is compressed. */
export class CompressingCodec implements InPlaceCodec {
  readonly #inner: InPlaceCodec;
  readonly #packing: Packing;
  readonly #overBytes: number;
  readonly #decompressor: Decompressor;

  /** @param decompressor by whose bounds values are read: what would pass them is not compressed. */
  constructor(inner: Codec, packing: Packing, overBytes: number, decompressor: Decompressor) {
    this.#inner = inPlace(inner);
    this.#packing = packing;
    this.#overBytes = overBytes;
    this.#decompressor = decompressor;
  }

  get packed(): InPlaceCodec {
    return this.#inner;
  }

  readsJson(flags: number): boolean {
    return !this.#packing.isPacked(flags) && this.#inner.readsJson?.(flags) === true;
  }

  encode(value: unknown, key: string): Encoded | Promise<Encoded> {
    const inner = this.#inner.encode(value, key);
    if (this.#overBytes === Number.POSITIVE_INFINITY) return inner;
    return andThen(inner, (encoded) =>
      Buffer.byteLength(encoded.data, 'utf8') > this.#overBytes ? this.#pack(inBytes(encoded)) : encoded,
    );
  }

  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget?: ReadBudget,
  ): unknown {
    if (!this.#packing.isPacked(flags)) return this.#inner.decodeAt(bytes, start, end, flags, key, budget);
    return this.#unpack(bytes.subarray(start, end), flags, key, budget);
  }

  decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown {
    return this.decodeAt(data, 0, data.length, flags, key, budget);
  }

  async #unpack(data: Buffer, flags: number, key: string, budget: ReadBudget | undefined): Promise<unknown> {
    const inner = await this.#packing.unpack(data, flags, budget);
    return this.#inner.decode(inner.data, inner.flags, key, budget);
  }

  async #pack(stored: Stored): Promise<Stored> {
    const packed = await this.#packing.pack(stored);
    if (packed.data.length >= stored.data.length) return stored;
    this.#decompressor.check(stored.data.length);
    return packed;
  }
}

/** How compressed values look among a fleet's clients. */
export interface Packing {
  /** Compresses; the result need not be smaller. */
  pack(stored: Stored): Promise<Stored>;

  /** Whether the flags say that something is compressed. */
  isPacked(flags: number): boolean;

  /** Decompresses, within bounds; the bytes may be someone else's again when the call has returned. */
  unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored>;
}

const WRAPPED_FLAGS: Readonly<Record<Compression, number>> = {
  zlib: FLAGS_WRAPPED_ZLIB,
  brotli: FLAGS_WRAPPED_BROTLI,
  zstd: FLAGS_WRAPPED_ZSTD,
};

const FORMATS: ReadonlyMap<number, CompressedFormat> = new Map([
  [FLAGS_WRAPPED_ZLIB, 'zlib'],
  [FLAGS_WRAPPED_BROTLI, 'brotli'],
  [FLAGS_WRAPPED_ZSTD, 'zstd'],
]);

/** Bytes that hold the inner flags in front of the stream. */
const FLAGS_BYTES_LENGTH = 4;

/** Our own way: flags that nobody else takes for his, and the real ones in the bytes, so that any codec can be inside. */
export class WrappedPacking implements Packing {
  readonly #algorithm: Compression;
  readonly #decompressor: Decompressor;

  constructor(algorithm: Compression, decompressor: Decompressor) {
    this.#algorithm = algorithm;
    this.#decompressor = decompressor;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    const inner = Buffer.allocUnsafe(FLAGS_BYTES_LENGTH);
    inner.writeUInt32LE(flags);
    const stream = await compress(this.#algorithm, data);
    return { data: Buffer.concat([inner, stream]), flags: WRAPPED_FLAGS[this.#algorithm] };
  }

  isPacked(flags: number): boolean {
    return flags >= FLAGS_WRAPPED_ZLIB && FORMATS.has(flags);
  }

  async unpack(data: Buffer, wrappedFlags: number, budget: ReadBudget | undefined): Promise<Stored> {
    const format = FORMATS.get(wrappedFlags) as CompressedFormat;
    if (data.length < FLAGS_BYTES_LENGTH)
      throw new CodecError('the stored bytes are too few for a compressed value');
    const flags = data.readUInt32LE(0);
    return {
      data: await this.#decompressor.decompress(format, data.subarray(FLAGS_BYTES_LENGTH), budget),
      flags,
    };
  }
}

/** The way of Python's clients: a zlib stream, marked by one bit beside the flags of what is in it. */
export class PythonPacking implements Packing {
  readonly #decompressor: Decompressor;

  constructor(decompressor: Decompressor) {
    this.#decompressor = decompressor;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    return { data: await compress('zlib', data), flags: flags | FLAG_ZLIB };
  }

  isPacked(flags: number): boolean {
    // Only beside flags of Python's or ours: elsewhere, 8 is part of a number.
    return (flags & FLAG_ZLIB) !== 0 && (flags & 0xfff0_ffc0) === 0;
  }

  async unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored> {
    return { data: await this.#decompressor.decompress('zlib', data, budget), flags: flags & ~FLAG_ZLIB };
  }
}

/** Two ways at once: packs in the first, unpacks either. */
export class EitherPacking implements Packing {
  readonly #first: Packing;
  readonly #second: Packing;

  constructor(first: Packing, second: Packing) {
    this.#first = first;
    this.#second = second;
  }

  pack(stored: Stored): Promise<Stored> {
    return this.#first.pack(stored);
  }

  isPacked(flags: number): boolean {
    return this.#first.isPacked(flags) || this.#second.isPacked(flags);
  }

  unpack(data: Buffer, flags: number, budget: ReadBudget | undefined): Promise<Stored> {
    return (this.#first.isPacked(flags) ? this.#first : this.#second).unpack(data, flags, budget);
  }
}
