import type { Codec, Encoded } from '../../options/codec-options.js';

// Declared beside the option a user writes, since `options/` may not import this room.
export type { Codec, Encoded };

/** A value as it is stored, in bytes. */
export interface Stored extends Encoded {
  readonly data: Buffer;
}

/** A codec that also reads a value where it lies in a socket's buffer: for a short text, half of the cost is the view. */
export interface InPlaceCodec extends Codec {
  /** Like `decode`, of the bytes from `start` to `end`. */
  decodeAt(bytes: Buffer, start: number, end: number, flags: number, key: string): unknown;
}

/** A codec that reads in place: itself if it does, else through views. Asked once, since every read would pay for it. */
export function inPlace(codec: Codec | InPlaceCodec): InPlaceCodec {
  return 'decodeAt' in codec ? codec : new ViewingCodec(codec);
}

/** Gives a codec that does not read in place a view of the bytes. */
class ViewingCodec implements InPlaceCodec {
  readonly #inner: Codec;

  constructor(inner: Codec) {
    this.#inner = inner;
  }

  encode(value: unknown, key: string): Encoded | Promise<Encoded> {
    return this.#inner.encode(value, key);
  }

  decode(data: Buffer, flags: number, key: string): unknown {
    return this.#inner.decode(data, flags, key);
  }

  decodeAt(bytes: Buffer, start: number, end: number, flags: number, key: string): unknown {
    return this.#inner.decode(bytes.subarray(start, end), flags, key);
  }
}

/** What a codec has made, in bytes. */
export function inBytes({ data, flags }: Encoded): Stored {
  return { data: typeof data === 'string' ? Buffer.from(data, 'utf8') : data, flags };
}

/**
 * What a codec has made as one turn of the event loop writes it most cheaply: ASCII stays text, which needs neither a
 * Buffer of its own nor a copy into the text of the batch.
 */
export function dataBlockOf(encoded: Encoded): Buffer | string {
  const { data } = encoded;
  return typeof data === 'string' && Buffer.byteLength(data, 'utf8') === data.length
    ? data
    : inBytes(encoded).data;
}

/**
 * Goes on with a value, at once or when the promise of it is kept: a codec around another is asynchronous only where
 * the inner one is.
 */
export function andThen<R>(
  encoded: Encoded | Promise<Encoded>,
  next: (encoded: Encoded) => R | Promise<R>,
): R | Promise<R> {
  return 'then' in encoded ? encoded.then(next) : next(encoded);
}
