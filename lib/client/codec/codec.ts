import type { Encoded } from '../../options/codec-options.js';

// Declared beside the option a user writes, since `options/` may not import this room.
export type { Codec, Encoded } from '../../options/codec-options.js';

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
