import { INVALIDATE } from './cache-policy.js';
import { type ArgumentsFunction, SHARED, type SharedOptions } from './decorator-options.js';
import type { Duration } from './duration.js';
import { type KeyOption, readKeys } from './key-option.js';
import { described, func, oneOf, optional, withDefault, type Shape } from './schema.js';
import type { VaryBy } from './vary-by.js';

/**
 * Options of `@CacheEvict`: what to invalidate, and when.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CacheEvictOptions<A extends readonly unknown[] = never[], R = never> {
  /** The key to invalidate: a template (`{result.id}` is of what the method returned) or a function of the arguments. */
  key?: KeyOption<A> | undefined;

  /** Several keys, likewise. */
  keys?: readonly KeyOption<A>[] | undefined;

  /** More keys, made from what the method returned. */
  keysOf?: ((result: R, ...args: A) => readonly (string | readonly unknown[])[]) | undefined;

  /** Tags to invalidate: every value that bears one of them. */
  tags?: readonly KeyOption<A>[] | undefined;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[] | undefined;

  /**
   * What the keys hold beside the arguments; as in the `@Cacheable` that stores under them.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[] | undefined;

  /**
   * Whether to invalidate once the method has succeeded, before it runs, or both: `before` and `both` for a method whose
   * failure may leave the data changed.
   *
   * @default 'after'
   */
  at?: 'after' | 'before' | 'both' | undefined;

  /**
   * Keep the values for so long as stale ones, those that bear one of `tags` too, to be served while they are computed
   * anew; 0 removes them.
   *
   * @default 0
   */
  soft?: Duration | undefined;

  /** Whether this call invalidates anything. */
  when?: ((...args: A) => boolean) | undefined;

  /** Whether this result of the method leaves everything valid; asked after the method only. */
  unless?: ((result: R, ...args: A) => boolean) | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string | undefined;
}

/** The options of `@CacheEvict`, as read. */
export interface CacheEvictShape extends SharedOptions {
  readonly when: ArgumentsFunction | undefined;
  readonly key: readonly KeyOption[];
  readonly keys: readonly KeyOption[];
  readonly keysOf: ArgumentsFunction | undefined;
  readonly tags: readonly KeyOption[];
  readonly at: 'after' | 'before' | 'both';
  readonly soft: number;
  readonly unless: ArgumentsFunction | undefined;
}

/** One reader for each of them. */
export const CACHE_EVICT: Shape<CacheEvictShape> = {
  ...SHARED,
  when: optional(func<ArgumentsFunction>()),
  key: withDefault(readKeys, []),
  keys: withDefault(readKeys, []),
  keysOf: optional(func<ArgumentsFunction>()),
  tags: withDefault(readKeys, []),
  at: withDefault(oneOf('after', 'before', 'both'), 'after'),
  soft: described((value, path) => INVALIDATE.soft(value, path) * 1000, INVALIDATE.soft.facts ?? {}),
  unless: optional(func<ArgumentsFunction>()),
};
