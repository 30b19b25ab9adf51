import { StreamableFile } from '@nestjs/common';

/** Whether a value is read once, and by the one whom it is for: so it is to Nest, which streams it to a client. */
export function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { getHeaders, getReader, getStream, pipe, then } = value as Record<string, unknown>;
  if (typeof pipe === 'function' || typeof getReader === 'function') return true;
  // What is asked for by `then` stands for what it becomes, as a query of Mongoose does.
  if (Symbol.asyncIterator in value && typeof then !== 'function') return true;
  // Of whichever copy of Nest; and an answer of `fetch`.
  const isFile = typeof getStream === 'function' && typeof getHeaders === 'function';
  return value instanceof StreamableFile || isFile || tagOf(value) === '[object Response]';
}

/** Whether a value is a stream, or a plain object that an interceptor has put one into: Nest 12 sends the stream alone. */
export function holdsStream(value: unknown): boolean {
  return isStream(value) || (isPlain(value) && Object.values(value).some(isStream));
}

/** Whether a method is one of `async *`. */
export function isAsyncGenerator(method: object): boolean {
  return tagOf(method) === '[object AsyncGeneratorFunction]';
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
