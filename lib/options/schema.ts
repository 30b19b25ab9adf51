import { InvalidOptionsError, MemcachedError } from '../errors.js';
import { type Duration, LONGEST_TIMED_MS, toMilliseconds, writtenDuration } from './duration.js';

/** What can be said of an option without reading a value: for the table of the docs. */
export interface OptionFacts {
  /** What is written, as a user would call it; without it, the type's own declaration says it better. */
  readonly type?: string;
  /** Which values of the type are taken. */
  readonly range?: string;
  /** What stands in for an option that is not given, as a user would write it. */
  readonly default?: string;
  /** The options within the option. */
  readonly shape?: Shape<object>;
}

/** Turns what a user wrote at `path` into what the code below may rely on, or refuses it. */
export interface Reader<T> {
  (value: unknown, path: string): T;
  readonly facts?: OptionFacts;
}

/** One reader for each option; the readers also hold the defaults. */
export type Shape<T> = { readonly [K in keyof T]-?: Reader<T[K]> };

/** How an object of options is written, for whom it was none: always so, or made of what stands in its place. */
export type Example = string | ((given: unknown) => string);

/**
 * Refuses what is no object of options.
 *
 * @throws {InvalidOptionsError} that says what to write.
 */
export function checkObject(value: unknown, path: string, example?: Example): asserts value is object {
  const wrong = wrongAsObject(value, example);
  if (wrong !== undefined) throw new InvalidOptionsError(path, wrong);
}

/** What is wrong with a value that is to be an object of options, and what to write; undefined for one that is. */
export function wrongAsObject(value: unknown, example?: Example): string | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined;
  const written = typeof example === 'function' ? example(value) : example;
  // The URL of a server may hold a password.
  const got = typeof value === 'string' && value.includes('@') ? 'a string' : shown(value);
  return `expected an object${written === undefined ? '' : ` such as ${written}`}, got ${got}`;
}

/**
 * Reads an object of options: every reader runs once, unknown names are refused with the nearest known one.
 *
 * @returns a frozen object that has every name of the shape.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 */
export function readObject<T extends object>(
  value: unknown,
  path: string,
  shape: Shape<T>,
  example?: Example,
): Readonly<T> {
  checkObject(value, path, example);
  const known = Object.keys(shape);
  refuseUnknown(value, path, known);
  const result = {} as { [K in keyof T]: T[K] };
  for (const name of known as (keyof T & string)[]) {
    result[name] = shape[name]((value as Record<string, unknown>)[name], join(path, name));
  }
  return Object.freeze(result);
}

/**
 * Refuses names that nobody knows.
 *
 * @param known in the order in which a message lists them.
 * @throws {InvalidOptionsError} for the first such name, with the nearest known one.
 */
export function refuseUnknown(options: object, path: string, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean '${near}'?`;
    throw new InvalidOptionsError(join(path, name), `unknown option; ${hint}`);
  }
}

/** An object of options within another. */
export function object<T extends object>(shape: Shape<T>, example?: Example): Reader<Readonly<T>> {
  return described((value, path) => readObject(value, path, shape, example), { type: 'object', shape });
}

/** A reader, and what the docs say of it. */
export function described<T>(reader: (value: unknown, path: string) => T, facts: OptionFacts): Reader<T> {
  return Object.assign((value: unknown, path: string) => reader(value, path), { facts });
}

/**
 * `undefined` becomes the default; anything else goes to the reader.
 *
 * @param inWords the default in words, where it does not speak for itself.
 */
export function withDefault<T>(reader: Reader<T>, fallback: T, inWords?: string): Reader<T> {
  return described((value, path) => (value === undefined ? fallback : reader(value, path)), {
    ...reader.facts,
    default: inWords ?? written(fallback, reader.facts?.type),
  });
}

/**
 * `undefined` stays undefined; anything else goes to the reader.
 *
 * @param inWords what stands in for it, in words.
 */
export function optional<T>(reader: Reader<T>, inWords?: string): Reader<T | undefined> {
  return described((value, path) => (value === undefined ? undefined : reader(value, path)), {
    ...reader.facts,
    ...(inWords === undefined ? {} : { default: inWords }),
  });
}

/** A whole number within `min` and `max`, both included. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  return described(
    (value, path) => {
      if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
        return value as number;
      const bounds = range.replace(/^at/, 'of at');
      throw new InvalidOptionsError(path, `expected a whole number ${bounds}, got ${shown(value)}`);
    },
    { type: 'whole number', range },
  );
}

/** A finite number within `min` and `max`, both included. */
export function number(min: number, max: number): Reader<number> {
  return described(
    (value, path) => {
      if (typeof value === 'number' && value >= min && value <= max) return value;
      throw new InvalidOptionsError(path, `expected a number from ${min} to ${max}, got ${shown(value)}`);
    },
    { type: 'number', range: `from ${min} to ${max}` },
  );
}

/** A `Duration` within `minMs` and `maxMs`, both included, read into milliseconds. */
export function duration(minMs = 0, maxMs = Number.POSITIVE_INFINITY): Reader<number> {
  const least = minMs === 0 ? [] : [`at least ${writtenDuration(minMs)}`];
  const most = maxMs === Number.POSITIVE_INFINITY ? [] : [`at most ${writtenDuration(maxMs)}`];
  return described(
    (value, path) => {
      const milliseconds = atOption(path, () => toMilliseconds(value as Duration, path));
      if (milliseconds < minMs) {
        throw new InvalidOptionsError(path, `expected at least ${minMs} ms, got ${shown(value)}`);
      }
      if (milliseconds > maxMs) {
        throw new InvalidOptionsError(
          path,
          `expected at most ${writtenDuration(maxMs)}, got ${shown(value)}`,
        );
      }
      return milliseconds;
    },
    { type: 'Duration', range: [...least, ...most].join(', ') },
  );
}

/** A `Duration` that a timer of Node's runs for: of at least `minMs`, and no longer than timers can be set. */
export function timer(minMs = 0): Reader<number> {
  return duration(minMs, LONGEST_TIMED_MS);
}

/** `true` or `false`, and nothing that merely looks like it. */
export const bool: Reader<boolean> = described(
  (value, path) => {
    if (typeof value === 'boolean') return value;
    throw new InvalidOptionsError(path, `expected true or false, got ${shown(value)}`);
  },
  { type: 'boolean' },
);

/** A string; an empty one only where it means something. */
export function text({ allowEmpty = false } = {}): Reader<string> {
  return described(
    (value, path) => {
      if (typeof value === 'string' && (allowEmpty || value !== '')) return value;
      throw new InvalidOptionsError(
        path,
        `expected a ${allowEmpty ? '' : 'non-empty '}string, got ${shown(value)}`,
      );
    },
    { type: 'string', range: allowEmpty ? '' : 'not empty' },
  );
}

/** One of the listed words. */
export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  const list = words.map((word) => `'${word}'`).join(', ');
  return described(
    (value, path) => {
      if (words.includes(value as T)) return value as T;
      const near = typeof value === 'string' ? nearest(value, words) : undefined;
      const hint = near === undefined ? '' : `; did you mean '${near}'?`;
      throw new InvalidOptionsError(path, `expected one of ${list}, got ${shown(value)}${hint}`);
    },
    { type: list },
  );
}

/** A function. */
export function func<T>(): Reader<T> {
  return described(
    (value, path) => {
      if (typeof value === 'function') return value as T;
      throw new InvalidOptionsError(path, `expected a function, got ${shown(value)}`);
    },
    { type: 'function' },
  );
}

/** What ends a wait early. */
export const abortSignal = described(
  (value, path) => {
    // One of another realm is one as well.
    const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
    if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return value as AbortSignal;
    throw new InvalidOptionsError(path, 'expected an AbortSignal');
  },
  { type: 'AbortSignal' },
);

/** An argument's error, as the error of the option that it came from. */
export function atOption<T>(path: string, read: () => T): T {
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

/** A value as a user would write it in options. */
function written(value: unknown, type: string | undefined): string {
  if (type === 'Duration' && typeof value === 'number' && value > 0) return `'${writtenDuration(value)}'`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return String(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The known word that differs from `word` by the fewest edits, if few enough to be a slip of the hand. */
export function nearest<T extends string>(word: string, known: readonly T[]): T | undefined {
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
