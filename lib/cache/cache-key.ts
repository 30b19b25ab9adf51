import { InvalidArgumentError } from '../errors.js';

/**
 * A key that can be told from others. The store refuses what it cannot take; but one key for all callers whose key is
 * missing would give them each other's values before the store is asked.
 */
export function checkedKey(key: unknown): string {
  if (typeof key === 'string' && key !== '') return key;
  throw new InvalidArgumentError(`key: expected a non-empty string, got ${key === '' ? "''" : typeof key}`);
}
