import type { Ttl, UpdateOptions } from './cache-options.js';
import type { ClassesOption } from './classes-option.js';
import type { Duration } from './duration.js';
import { STORING, type StoringOptions } from './decorator-options.js';
import { type KeyOption, readKey, readKeys } from './key-option.js';
import { optional, withDefault, type Shape } from './schema.js';
import type { VaryBy } from './vary-by.js';

/**
 * Options of `@CasUpdate`: which value changes, and how hard to try.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CasUpdateOptions<A extends readonly unknown[] = never[], R = unknown> extends Pick<
  UpdateOptions<R>,
  'attempts' | 'backoff' | 'initial'
> {
  /**
   * How long the new value is fresh.
   *
   * @default what is left to the value it replaces; otherwise what the class says in `@CacheDefaults`, or the module's `cache.ttl`
   */
  ttl?: Ttl | undefined;

  /**
   * How long a stale value is kept.
   *
   * @default that of the `@Cacheable` or `@CacheBatch` that reads the key; without one, the class's or the module's
   */
  grace?: Duration | undefined;

  /** The key of the value: a template, or a function of the arguments. */
  key: KeyOption<A>;

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
   * Tags of the value if it is new, as templates or functions of the arguments, beside those of the module's `cache` and of the
   * `@Cacheable` or `@CacheBatch` that reads it; a value that is replaced hands on its own.
   *
   * @default []
   */
  tags?: readonly KeyOption<A>[] | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string | undefined;
}

/** The options of `@CasUpdate`, as read. */
export interface CasUpdateShape extends StoringOptions {
  readonly key: KeyOption | undefined;
  readonly tags: readonly KeyOption[];
}

/** What it takes of `update`. */
export const CAS_UPDATE_OTHERS = Object.keys({
  attempts: true,
  backoff: true,
  initial: true,
  ttl: true,
  grace: true,
} satisfies Record<Exclude<keyof CasUpdateOptions, keyof CasUpdateShape>, true>);

/** One reader for each of them. */
export const CAS_UPDATE: Shape<CasUpdateShape> = {
  ...STORING,
  key: optional(readKey),
  tags: withDefault(readKeys, []),
};
