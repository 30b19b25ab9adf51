import { InvalidOptionsError } from '../errors.js';
import { described } from './schema.js';

/** A key or a tag: a template, or a function of the method's arguments that returns it, or a list of its parts. */
export type KeyOption<A extends readonly unknown[] = never[]> =
  string | ((...args: A) => string | readonly unknown[]);

/** A key or a tag made from what the method returned, and its arguments. */
export type ResultKeyOption<A extends readonly unknown[], R> = (
  result: R,
  ...args: A
) => string | readonly unknown[];

/** A key or tag as written. */
export const readKey = described<KeyOption>(
  (value, path) => {
    if (typeof value === 'function') return value as KeyOption;
    if (typeof value === 'string' && value.trim() !== '') return value;
    throw new InvalidOptionsError(path, `expected a template like 'product:{0}' or a function`);
  },
  { range: 'not empty' },
);

/** Keys or tags as written: one, or a list of them. */
export const readKeys = described<readonly KeyOption[]>((value, path) => {
  if (!Array.isArray(value)) return [readKey(value, path)];
  return value.map((key, index) => readKey(key, `${path}[${index}]`));
}, {});
