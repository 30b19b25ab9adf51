import type { Codec, Encoded } from '../../codec.js';
import type { ReadBudget } from './read-budget.js';

// Declared apart, since `options/` names them, too.
export type { Codec, Encoded };

/** A value as it is stored, in bytes. */
export interface Stored extends Encoded {
  readonly data: Buffer;
}

/** A codec that also reads a value where it lies in a socket's buffer: for a short text, half of the cost is the view. */
export interface InPlaceCodec extends Codec {
  /**
   * Like `decode`, of the bytes from `start` to `end`.
   *
   * @param budget what the values of a many-key read may come to together.
   */
  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget?: ReadBudget,
  ): unknown;

  decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown;

  /**
   * Of a codec whose values stand in something that it keeps beside them: the value alone, or `NOT_PLAIN` where `decodeAt` has
   * more to say; or the promise of what that would answer.
   */
  plainAt?(bytes: Buffer, start: number, end: number, flags: number, key: string): unknown;

  /** Whether values with these flags are what `JSON.parse` makes of their bytes. */
  readsJson?(flags: number): boolean;

  /** The codec whose bytes this one packs: compresses or encrypts. */
  readonly packed?: InPlaceCodec;

  /** Whether it encrypts. */
  readonly seals?: boolean;
}

/** What stands for a value that does not stand alone. */
export const NOT_PLAIN = Symbol('not plain');

/** A codec that reads in place: itself if it does, else through views. Asked once, since every read would pay for it. */
export function inPlace(codec: Codec | InPlaceCodec): InPlaceCodec {
  return 'decodeAt' in codec ? codec : new ViewingCodec(codec);
}

/** One of our own codecs, of those that read from a view. */
export abstract class NamedCodec implements InPlaceCodec {
  abstract encode(value: unknown, key: string): Encoded | Promise<Encoded>;

  abstract decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown;

  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget?: ReadBudget,
  ): unknown {
    return this.decode(bytes.subarray(start, end), flags, key, budget);
  }
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
  const isAscii = encoded instanceof AsciiText || (typeof data === 'string' && isAsciiText(data));
  return isAscii ? data : inBytes(encoded).data;
}

/**
 * What stands behind a header.
 *
 * @param header ASCII.
 */
export function behind(header: string, data: Buffer | string, flags: number): Encoded {
  if (typeof data !== 'string') return { data: Buffer.concat([Buffer.from(header, 'latin1'), data]), flags };
  return isAsciiText(data) ? new AsciiText(header + data, flags) : { data: header + data, flags };
}

/** Text that was looked at in parts: looked at as a whole, it would be copied once more than it is written. */
class AsciiText implements Encoded {
  readonly data: string;
  readonly flags: number;

  constructor(data: string, flags: number) {
    this.data = data;
    this.flags = flags;
  }
}

function isAsciiText(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length;
}

/** Whether something has to be awaited: a promise, of whatever realm or library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * Goes on with what a codec answers, at once where it answers at once.
 *
 * @returns a promise only where the codec or `next` gave one; it counts as handled, since a reply that is cut off may leave
 *   nobody who waits for it, and an unhandled rejection ends the process.
 */
export function andThen<Value, Result>(
  answer: Value | PromiseLike<Value>,
  next: (value: Value) => Result | PromiseLike<Result>,
): Result | Promise<Result> {
  if (!isThenable(answer)) return next(answer) as Result | Promise<Result>;
  return handled(Promise.resolve(answer).then(next));
}

/** Keeps a promise that nobody may be waiting for from ending the process. */
export function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
