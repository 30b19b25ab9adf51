import { InvalidArgumentError } from '../errors.js';

/**
 * Values by key: a `Map`, pairs of key and value, or an object. Of a key that comes twice the last one counts.
 *
 * Methods take it in overloads: of `keys.map((key) => [key, 1])` TypeScript makes pairs only where nothing else is expected.
 */
export type Entries<V = unknown> = Iterable<readonly [string, V]> | Readonly<Record<string, V>>;

/**
 * Reads the values that a command is to store.
 *
 * @throws {InvalidArgumentError} for anything else; what is wrong with a key is found by who knows keys.
 */
export function readEntries<V>(entries: Entries<V>, command: string): Map<string, V> {
  if (typeof entries !== 'object' || entries === null || isPromise(entries)) throw notEntries(command);
  if (!(Symbol.iterator in entries)) return new Map(Object.entries(entries));
  const values = new Map<string, V>();
  for (const pair of entries as Iterable<readonly [string, V]>) {
    if (!Array.isArray(pair) || pair.length !== 2) throw notEntries(command);
    values.set(pair[0], pair[1]);
  }
  return values;
}

/** Refuses what is no list of keys, or of ids: a text would be one of its characters. @throws {InvalidArgumentError} */
export function checkedKeys<T = string>(keys: Iterable<T>, command: string, what = 'keys'): Iterable<T> {
  if (typeof keys === 'object' && keys !== null && Symbol.iterator in keys) return keys;
  throw new InvalidArgumentError(`${command}: expected ${what}, such as an array or a Set of them`);
}

/** Whether somebody has forgotten to wait; `then` by itself is a key like any other. */
function isPromise(entries: object): boolean {
  return typeof (entries as { readonly then?: unknown }).then === 'function';
}

function notEntries(command: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${command}: expected a Map, pairs of key and value, or an object of values`,
  );
}
