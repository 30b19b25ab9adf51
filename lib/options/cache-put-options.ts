import type { CachePolicy, Ttl } from './cache-options.js';
import type { ClassesOption } from './classes-option.js';
import { type ArgumentsFunction, STORING, type StoringOptions } from './decorator-options.js';
import { type KeyOption, type ResultKeyOption, readKey, readKeys } from './key-option.js';
import type { Duration } from './duration.js';
import { func, optional, withDefault, type Shape } from './schema.js';
import type { VaryBy } from './vary-by.js';

/**
 * Options of `@CachePut`: under which key, and for how long.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CachePutOptions<A extends readonly unknown[] = never[], R = never> extends Pick<
  CachePolicy<R>,
  'nullTtl' | 'cacheUndefined' | 'jitter' | 'onStoreError'
> {
  /** The key: a template (`{result.id}` is of what the method returned), or a function of the arguments. */
  key?: KeyOption<A> | undefined;

  /** The key, made from what the method returned; instead of `key`. */
  keyOf?: ResultKeyOption<A, R> | undefined;

  /** Classes whose instances the values are or hold; see `@Cacheable`. */
  types?: ClassesOption | undefined;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[] | undefined;

  /**
   * What the key holds beside the arguments; as in the `@Cacheable` that reads it.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[] | undefined;

  /**
   * How long the value is fresh, or a function of the value and the arguments that says so.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module's `cache.ttl`
   */
  ttl?: Ttl | ((value: R, ...args: A) => Ttl) | undefined;

  /**
   * How long a stale value is kept.
   *
   * @default that of the `@Cacheable` or `@CacheBatch` that reads the key; without one, the class's or the module's
   */
  grace?: Duration | undefined;

  /**
   * Names that invalidate the value, as templates or functions of the arguments.
   *
   * @default []
   */
  tags?: readonly KeyOption<A>[] | undefined;

  /** More such names, known only from the value. */
  tagsOf?: ((value: R, ...args: A) => readonly string[]) | undefined;

  /** Whether this call stores anything. */
  when?: ((...args: A) => boolean) | undefined;

  /** Whether this value is not to be stored; what is under the key, now older, is invalidated instead. */
  unless?: ((value: R, ...args: A) => boolean) | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string | undefined;
}

/** The options of `@CachePut`, as read. */
export interface CachePutShape extends StoringOptions {
  readonly when: ArgumentsFunction | undefined;
  readonly key: KeyOption | undefined;
  readonly keyOf: ArgumentsFunction | undefined;
  readonly ttl: Ttl | ArgumentsFunction | undefined;
  readonly tags: readonly KeyOption[];
  readonly tagsOf: ArgumentsFunction | undefined;
  readonly unless: ArgumentsFunction | undefined;
}

/** What it takes of a policy. */
export const CACHE_PUT_POLICY = Object.keys({
  nullTtl: true,
  cacheUndefined: true,
  jitter: true,
  onStoreError: true,
  grace: true,
} satisfies Record<Exclude<keyof CachePutOptions, keyof CachePutShape>, true>);

/** One reader for each of them. */
export const CACHE_PUT: Shape<CachePutShape> = {
  ...STORING,
  when: optional(func<ArgumentsFunction>()),
  key: optional(readKey),
  keyOf: optional(func<ArgumentsFunction>()),
  // A ttl that is no function is read with the policy.
  ttl: (value) => value as Ttl | undefined,
  tags: withDefault(readKeys, []),
  tagsOf: optional(func<ArgumentsFunction>()),
  unless: optional(func<ArgumentsFunction>()),
};
