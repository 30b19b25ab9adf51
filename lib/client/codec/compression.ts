import * as zlib from 'node:zlib';
import { CodecError, InvalidOptionsError } from '../../errors.js';

/** The formats of compressed bytes. */
export type CompressedFormat = 'zlib' | 'gzip' | 'brotli' | 'zstd';

type Done = (error: Error | null, result: Buffer) => void;

/** What Node has of zstd: all of it since 22.15 and 23.8, nothing before. */
interface Zstd {
  readonly zstdCompress?: (data: Buffer, done: Done) => void;
  readonly zstdDecompress?: (data: Buffer, options: zlib.ZlibOptions, done: Done) => void;
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

/**
 * Decompresses bytes in Node's thread pool, stopping as soon as there are more than `maxBytes`.
 *
 * @param data not looked at any more once the call has returned.
 * @throws {CodecError} for a bomb, and for what is not of this format.
 */
export function decompress(format: CompressedFormat, data: Buffer, maxBytes: number): Promise<Buffer> {
  if (format === 'zstd' && zstdDecompress === undefined) {
    return Promise.reject(
      new CodecError(`the value is compressed with zstd, which Node ${process.version} cannot read`),
    );
  }
  const copy = Buffer.from(data);
  const options = { maxOutputLength: maxBytes };
  return inPool((done) => {
    switch (format) {
      case 'zlib':
        return zlib.inflate(copy, options, done);
      case 'gzip':
        return zlib.gunzip(copy, options, done);
      case 'brotli':
        return zlib.brotliDecompress(copy, options, done);
      case 'zstd':
        return zstdDecompress?.(copy, options, done);
    }
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge(maxBytes)
      : new CodecError(`the stored bytes are not ${format}`);
  });
}

/** The error for a value that would be larger than the option allows. */
export function tooLarge(maxBytes: number): CodecError {
  return new CodecError(
    `the value has more than ${maxBytes} bytes when decompressed, the limit of codec.maxDecompressedBytes`,
  );
}

function inPool(start: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
