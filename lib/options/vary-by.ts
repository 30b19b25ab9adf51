import { InvalidOptionsError } from '../errors.js';
import { type Reader, text } from './schema.js';

/** A value that a key depends on beside the arguments: a function, or the name of one in the module's options. */
export type VaryBy = string | (() => unknown);

/** The functions that `varyBy` may name. */
export type VarySources = Readonly<Record<string, () => unknown>>;

/** What a key depends on beside the arguments, as written. */
export const readVaryBy: Reader<readonly VaryBy[]> = (value, path) => {
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected a list of names and functions`);
  return value.map((source, index) =>
    typeof source === 'function' ? (source as () => unknown) : text()(source, `${path}[${index}]`),
  );
};
