import { InvalidOptionsError, MemcachedError } from '../errors.js';
import { type Duration, toMilliseconds } from './duration.js';

/** Turns what a user wrote at `path` into what the code below may rely on, or refuses it. */
export type Reader<T> = (value: unknown, path: string) => T;

/** One reader for each option; the readers also hold the defaults. */
export type Shape<T> = { readonly [K in keyof T]-?: Reader<T[K]> };

/**
 * Reads an object of options: every reader runs once, unknown names are refused with the nearest known one.
 *
 * @returns a frozen object that has every name of the shape.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 */
export function readObject<T extends object>(value: unknown, path: string, shape: Shape<T>): Readonly<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionsError(path, `expected an object, got ${shown(value)}`);
  }
  const known = Object.keys(shape);
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean '${near}'?`;
    throw new InvalidOptionsError(join(path, name), `unknown option; ${hint}`);
  }
  const result = {} as { [K in keyof T]: T[K] };
  for (const name of known as (keyof T & string)[]) {
    result[name] = shape[name]((value as Record<string, unknown>)[name], join(path, name));
  }
  return Object.freeze(result);
}

/** `undefined` becomes the default; anything else goes to the reader. */
export function withDefault<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return (value, path) => (value === undefined ? fallback : reader(value, path));
}

/** `undefined` stays undefined; anything else goes to the reader. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : reader(value, path));
}

/** A whole number within `min` and `max`, both included. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidOptionsError(path, `expected a whole number ${range}, got ${shown(value)}`);
  };
}

/** A finite number within `min` and `max`, both included. */
export function number(min: number, max: number): Reader<number> {
  return (value, path) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw new InvalidOptionsError(path, `expected a number from ${min} to ${max}, got ${shown(value)}`);
  };
}

/** A `Duration` of at least `minMs`, read into milliseconds. */
export function duration(minMs = 0): Reader<number> {
  return (value, path) => {
    const milliseconds = guarded(path, () => toMilliseconds(value as Duration, path));
    if (milliseconds >= minMs) return milliseconds;
    throw new InvalidOptionsError(path, `expected at least ${minMs} ms, got ${shown(value)}`);
  };
}

/** `true` or `false`, and nothing that merely looks like it. */
export const bool: Reader<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionsError(path, `expected true or false, got ${shown(value)}`);
};

/** A string; an empty one only where it means something. */
export function text({ allowEmpty = false } = {}): Reader<string> {
  return (value, path) => {
    if (typeof value === 'string' && (allowEmpty || value !== '')) return value;
    throw new InvalidOptionsError(
      path,
      `expected a ${allowEmpty ? '' : 'non-empty '}string, got ${shown(value)}`,
    );
  };
}

/** One of the listed words. */
export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  return (value, path) => {
    if (words.includes(value as T)) return value as T;
    const near = typeof value === 'string' ? nearest(value, words) : undefined;
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    const list = words.map((word) => `'${word}'`).join(', ');
    throw new InvalidOptionsError(path, `expected one of ${list}, got ${shown(value)}${hint}`);
  };
}

/** A function. */
export function func<T>(): Reader<T> {
  return (value, path) => {
    if (typeof value === 'function') return value as T;
    throw new InvalidOptionsError(path, `expected a function, got ${shown(value)}`);
  };
}

/** An error of a nested reader, told with the path of the option it came from. */
function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MemcachedError && !(error instanceof InvalidOptionsError)) {
      throw new InvalidOptionsError(path, error.message.replace(`${path}: `, ''));
    }
    throw error;
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The known word that differs from `word` by the fewest edits, if few enough to be a slip of the hand. */
function nearest<T extends string>(word: string, known: readonly T[]): T | undefined {
  let best: T | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
