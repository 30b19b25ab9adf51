import { CodecError } from '../../errors.js';
import type { Compression } from '../../options/codec-options.js';
import { andThen, inBytes, type Codec, type Encoded, type Stored } from './codec.js';
import { compress, decompress, type CompressedFormat } from './compression.js';
import { FLAG_ZLIB, FLAGS_WRAPPED_BROTLI, FLAGS_WRAPPED_ZLIB, FLAGS_WRAPPED_ZSTD } from './flags.js';

/** How compressed values look among a fleet's clients. */
export interface Packing {
  /** Compresses; the result need not be smaller. */
  pack(stored: Stored): Promise<Stored>;

  /**
   * Decompresses, at once bounded and no later than the bytes are someone else's again.
   *
   * @returns `undefined` if the flags say that nothing is compressed.
   */
  unpack(data: Buffer, flags: number): Promise<Stored> | undefined;
}

/** Compresses what another codec encodes if it has more than `overBytes`, and decompresses whatever is compressed. */
export class CompressingCodec implements Codec {
  readonly #inner: Codec;
  readonly #packing: Packing;
  readonly #overBytes: number;

  constructor(inner: Codec, packing: Packing, overBytes: number) {
    this.#inner = inner;
    this.#packing = packing;
    this.#overBytes = overBytes;
  }

  encode(value: unknown, key: string): Encoded | Promise<Encoded> {
    const inner = this.#inner.encode(value, key);
    if (this.#overBytes === Number.POSITIVE_INFINITY) return inner;
    return andThen(inner, (encoded) =>
      Buffer.byteLength(encoded.data, 'utf8') > this.#overBytes ? this.#pack(inBytes(encoded)) : encoded,
    );
  }

  decode(data: Buffer, flags: number, key: string): unknown {
    const unpacked = this.#packing.unpack(data, flags);
    if (unpacked === undefined) return this.#inner.decode(data, flags, key);
    return unpacked.then((inner) => this.#inner.decode(inner.data, inner.flags, key));
  }

  async #pack(stored: Stored): Promise<Stored> {
    const packed = await this.#packing.pack(stored);
    return packed.data.length < stored.data.length ? packed : stored;
  }
}

const WRAPPED_FLAGS: Readonly<Record<Compression, number>> = {
  zlib: FLAGS_WRAPPED_ZLIB,
  brotli: FLAGS_WRAPPED_BROTLI,
  zstd: FLAGS_WRAPPED_ZSTD,
};

/** Bytes that hold the inner flags in front of the stream. */
const FLAGS_BYTES_LENGTH = 4;

/** Our own way: flags that nobody else takes for his, and the real ones in the bytes, so that any codec can be inside. */
export class WrappedPacking implements Packing {
  readonly #algorithm: Compression;
  readonly #maxBytes: number;

  constructor(algorithm: Compression, maxBytes: number) {
    this.#algorithm = algorithm;
    this.#maxBytes = maxBytes;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    const inner = Buffer.allocUnsafe(FLAGS_BYTES_LENGTH);
    inner.writeUInt32LE(flags);
    const stream = await compress(this.#algorithm, data);
    return { data: Buffer.concat([inner, stream]), flags: WRAPPED_FLAGS[this.#algorithm] };
  }

  unpack(data: Buffer, flags: number): Promise<Stored> | undefined {
    switch (flags) {
      case FLAGS_WRAPPED_ZLIB:
        return this.#unwrap('zlib', data);
      case FLAGS_WRAPPED_BROTLI:
        return this.#unwrap('brotli', data);
      case FLAGS_WRAPPED_ZSTD:
        return this.#unwrap('zstd', data);
      default:
        return undefined;
    }
  }

  async #unwrap(format: CompressedFormat, data: Buffer): Promise<Stored> {
    if (data.length < FLAGS_BYTES_LENGTH)
      throw new CodecError('the stored bytes are too few for a compressed value');
    const flags = data.readUInt32LE(0);
    return { data: await decompress(format, data.subarray(FLAGS_BYTES_LENGTH), this.#maxBytes), flags };
  }
}

/** The way of Python's clients: a zlib stream, marked by one bit beside the flags of what is in it. */
export class PythonPacking implements Packing {
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async pack({ data, flags }: Stored): Promise<Stored> {
    return { data: await compress('zlib', data), flags: flags | FLAG_ZLIB };
  }

  unpack(data: Buffer, flags: number): Promise<Stored> | undefined {
    // Only beside flags of Python's or ours: elsewhere, 8 is part of a number.
    if ((flags & FLAG_ZLIB) === 0 || (flags & 0xfff0_ffc0) !== 0) return undefined;
    return decompress('zlib', data, this.#maxBytes).then((stream) => ({
      data: stream,
      flags: flags & ~FLAG_ZLIB,
    }));
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

  unpack(data: Buffer, flags: number): Promise<Stored> | undefined {
    return this.#first.unpack(data, flags) ?? this.#second.unpack(data, flags);
  }
}
