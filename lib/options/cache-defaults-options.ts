import type { CachePolicy, Ttl } from './cache-options.js';
import { type ClassesOption, readClasses } from './classes-option.js';
import type { Constructor } from './codec-options.js';
import { optional, type Shape, text, withDefault } from './schema.js';
import { readVaryBy, type VaryBy } from './vary-by.js';

/**
 * What all decorated methods of a class have in common; a method's own options win. Beside what stands here, a policy
 * (`grace`, `lease`, `refreshAhead`, …) for those that store what they compute.
 */
export interface CacheDefaultsOptions extends Omit<CachePolicy, 'ttl' | 'tags' | 'signal' | 'forceFresh'> {
  /**
   * Stands before every key of the class, default keys included; not before tags.
   *
   * @default ''
   */
  prefix?: string | undefined;

  /**
   * How long values are fresh.
   *
   * @default the module's `cache.ttl`
   */
  ttl?: Ttl | undefined;

  /** Classes whose instances the values are or hold; see `@Cacheable`. */
  types?: ClassesOption | undefined;

  /**
   * What all results depend on beside the arguments; see `@Cacheable`.
   *
   * @default []
   */
  varyBy?: readonly VaryBy[] | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default the module without a name
   */
  name?: string | undefined;
}

/** The options of `@CacheDefaults`, as read. */
export interface CacheDefaultsShape {
  readonly name: string | undefined;
  readonly prefix: string;
  readonly varyBy: readonly VaryBy[];
  readonly types: () => readonly Constructor[];
}

/** One reader for each of them. */
export const CACHE_DEFAULTS: Shape<CacheDefaultsShape> = {
  name: optional(text()),
  prefix: withDefault(text(), ''),
  varyBy: withDefault(readVaryBy, []),
  types: readClasses,
};
