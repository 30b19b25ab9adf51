// Declared beside the option a user writes, since `options/` may not import this room.
export type { Codec, Encoded } from '../../options/codec-options.js';

/**
 * Goes on with a value, at once or when the promise of it is kept: a codec around another is asynchronous only where
 * the inner one is.
 */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
