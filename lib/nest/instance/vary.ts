import { InvalidOptionsError } from '../../errors.js';
import { type Reader, text } from '../../options/schema.js';

/** A value that a key depends on beside the arguments: a function, or the name of one in the module's options. */
export type Vary = string | (() => unknown);

/** The functions that `vary` may name. */
export type VarySources = Readonly<Record<string, () => unknown>>;

/** What a key depends on beside the arguments, as written. */
export const readVary: Reader<readonly Vary[]> = (value, path) => {
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected a list of names and functions`);
  return value.map((source, index) =>
    typeof source === 'function' ? (source as () => unknown) : text()(source, `${path}[${index}]`),
  );
};
