import { InvalidArgumentError } from '../errors.js';
import type { InvalidateOptions } from '../options/cache-options.js';
import type { CacheStore } from './store.js';
import { resolveSoftSeconds } from '../options/cache-policy.js';

/**
 * A key that can be told from others. The store refuses what it cannot take; but one key for all callers whose key is
 * missing would give them each other's values before the store is asked.
 */
export function checkedKey(key: unknown): string {
  if (typeof key === 'string' && key !== '') return key;
  throw new InvalidArgumentError(`key: expected a non-empty string, got ${key === '' ? "''" : typeof key}`);
}

/** Refuses a call by which nothing could be computed, before the first miss. */
export function checkCall(key: unknown, loader: unknown): void {
  checkFunction(loader, `getOrSet("${checkedKey(key)}")`, 'that computes the value');
}

/** @param what it is to do. */
export function checkFunction(given: unknown, command: string, what: string): void {
  if (typeof given === 'function') return;
  throw new InvalidArgumentError(
    `${command}: expected a function ${what}, got ${given === null ? 'null' : typeof given}`,
  );
}

/** Refuses a list that holds what is no such key, nor tag, or what the store cannot take. */
export function checkKeys(keys: readonly string[], store: CacheStore, what: 'keys' | 'tags' = 'keys'): void {
  for (const key of keys) checkedKey(key);
  // A single one is refused by its own command.
  if (keys.length > 1) store.check?.(what, keys);
}

/** Names of keys or tags, and the options that may stand behind them. */
export function readNames(
  given: string[] | [...string[], InvalidateOptions],
  what: 'keys' | 'tags',
  store: CacheStore,
): [names: string[], softSeconds: number] {
  const last = given.at(-1);
  const bare = typeof last !== 'object';
  if (!bare && last !== null && Symbol.iterator in last) {
    throw new InvalidArgumentError(`expected ${what} one by one: write three dots before a list of them`);
  }
  const names = (bare ? given : given.slice(0, -1)) as string[];
  checkKeys(names, store, what);
  return [names, bare ? 0 : resolveSoftSeconds(last)];
}
