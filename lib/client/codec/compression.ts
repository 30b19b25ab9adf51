import * as zlib from 'node:zlib';
import { CodecError, InvalidOptionsError } from '../../errors.js';
import type { ReadBudget } from './read-budget.js';

/** The formats of compressed bytes. */
export type CompressedFormat = 'zlib' | 'gzip' | 'brotli' | 'zstd';

type Done<Result> = (error: Error | null, result: Result) => void;

/** What came of decompressing, and what it took. */
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** What Node has of zstd: all of it since 22.15 and 23.8, nothing before. */
interface Zstd {
  readonly zstdCompress?: (data: Buffer, done: Done<Buffer>) => void;
  readonly zstdDecompress?: (data: Buffer, options: zlib.ZlibOptions, done: Done<Buffer>) => void;
}

const { zstdCompress, zstdDecompress } = zlib as Zstd;

/**
 * 58 kB of JSON rows: 0.7 ms and 7.5 kB. Brotli's own default, 11, takes 102 ms for 6.2 kB; zlib 0.55 ms for 9.1 kB.
 */
const BROTLI_QUALITY = 5;

/**
 * Makes sure that this Node has the format.
 *
 * @throws {InvalidOptionsError} at `path`, for zstd in a Node without it.
 */
export function requireFormat(format: CompressedFormat, path: string): void {
  if (format === 'zstd' && zstdCompress === undefined) {
    throw new InvalidOptionsError(path, `'zstd' needs Node 22.15 or 23.8, this is ${process.version}`);
  }
}

/** Compresses bytes in Node's thread pool. */
export function compress(format: CompressedFormat, data: Buffer): Promise<Buffer> {
  return inPool((done) => {
    switch (format) {
      case 'zlib':
        return zlib.deflate(data, done);
      case 'gzip':
        return zlib.gzip(data, done);
      case 'brotli':
        return zlib.brotliCompress(
          data,
          {
            params: {
              [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
              [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
            },
          },
          done,
        );
      case 'zstd':
        return zstdCompress?.(data, done);
    }
  });
}

/** So many values are decompressed at a time, as many as Node's thread pool has threads: more would only fill memory. */
const AT_A_TIME = 4;

/** Decompresses for one codec, so that neither a value nor many at once come to more than they may. */
export class Decompressor {
  readonly maxBytes: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param maxBytes most bytes that a value may have when it is decompressed. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /**
   * Decompresses bytes in Node's thread pool, stopping as soon as there are more than there may be.
   *
   * @param data not looked at any more once the call has returned.
   * @param budget of a many-key read, which may have less left.
   * @throws {CodecError} for a bomb, and for what is not of this format.
   */
  async decompress(format: CompressedFormat, data: Buffer, budget?: ReadBudget): Promise<Buffer> {
    const copy = Buffer.from(data);
    if (this.#running >= AT_A_TIME) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running += 1;
    try {
      const maxBytes = Math.min(this.maxBytes, budget?.bytesLeft ?? this.maxBytes);
      // What is left of a budget may be nothing, which zlib does not take for a limit.
      const result = await decompress(format, copy, Math.max(1, maxBytes));
      budget?.takeBytes(result.length);
      return result;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** @throws {CodecError} for more bytes than a value may have, before they are made. */
  check(length: number, budget?: ReadBudget): void {
    if (length > this.maxBytes) throw tooLarge(this.maxBytes);
    budget?.takeBytes(length);
  }
}

async function decompress(format: CompressedFormat, data: Buffer, maxBytes: number): Promise<Buffer> {
  const { buffer, engine } = await inflated(format, data, maxBytes);
  // Node reads to the end of what was compressed, and says nothing of what follows.
  if (engine.bytesWritten === data.length) return buffer;
  throw new CodecError(
    'bytes follow the compressed value: what is appended to one cannot be read; store such values uncompressed',
  );
}

function inflated(format: CompressedFormat, data: Buffer, maxBytes: number): Promise<Decompressed> {
  if (format === 'zstd' && zstdDecompress === undefined) {
    return Promise.reject(
      new CodecError(`the value is compressed with zstd, which Node ${process.version} cannot read`),
    );
  }
  const options = { maxOutputLength: maxBytes, info: true };
  return inPool<Decompressed>((done) => {
    // With `info`, there is more in the result than is declared.
    const onDone = done as unknown as Done<Buffer>;
    switch (format) {
      case 'zlib':
        return zlib.inflate(data, options, onDone);
      case 'gzip':
        return zlib.gunzip(data, options, onDone);
      case 'brotli':
        return zlib.brotliDecompress(data, options, onDone);
      case 'zstd':
        return zstdDecompress?.(data, options, onDone);
    }
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge(maxBytes)
      : new CodecError(`the stored bytes are not ${format}`);
  });
}

/** The error for a value that would be larger than the option allows. */
function tooLarge(maxBytes: number): CodecError {
  return new CodecError(
    `the value has more than ${maxBytes} bytes when decompressed, the limit of codec.maxDecompressedBytes or what codec.maxReadBytes leaves`,
  );
}

function inPool<Result = Buffer>(start: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
