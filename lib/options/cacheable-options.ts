import type { CachePolicy, Ttl } from './cache-options.js';
import type { ClassesOption } from './classes-option.js';
import { type ArgumentsFunction, STORING, type StoringOptions } from './decorator-options.js';
import { type KeyOption, readKey, readKeys } from './key-option.js';
import { bool, func, optional, withDefault, type Shape } from './schema.js';
import type { VaryBy } from './vary-by.js';

/**
 * Options of `@Cacheable`; whatever a policy says (`grace`, `lease`, `refreshAhead`, …) may stand here too.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CacheableOptions<A extends readonly unknown[] = never[], R = never> extends Omit<
  CachePolicy<R>,
  'ttl' | 'tags' | 'signal' | 'forceFresh'
> {
  /**
   * The key: a template (`'product:{0}'`, `'{0.tenant.id}:orders'`, `'product:{id}'` with `params`), or a function of
   * the arguments that returns the key, or a list of its parts. It has to hold all that the result depends on.
   *
   * @default class, method and all arguments, in a form that differs whenever they do
   */
  key?: KeyOption<A> | undefined;

  /**
   * Whether another `@Cacheable` method, or another object of the class, stores under the same keys on purpose: what the two
   * return has to be interchangeable, and neither may call the other, since it would wait for itself. Without it, two
   * methods with one key are refused at boot, as are two objects of one class that differ in what they hold.
   *
   * @default false
   */
  sharedKey?: boolean | undefined;

  /**
   * Whether a `key` that names none of the method's parameters is meant: every call gets the same answer, whatever its
   * arguments. Without it, such a key is refused at boot.
   *
   * @default false
   */
  sharedByAll?: boolean | undefined;

  /**
   * Whether requests share answers on purpose, of an object that is made for each request and gets it injected: what the
   * method returns must not depend on the request. Without it, such a method needs a `key` and a `varyBy`, or a default key
   * and a `toCacheKey()` of its class.
   *
   * @default false
   */
  sharedBetweenRequests?: boolean | undefined;

  /**
   * Classes whose instances the values are or hold, such as TypeORM's entities and their relations: they come back as
   * instances, without a constructor being called. A list, or a function that returns it, where files import each other
   * in a circle. They count for the whole module, as if named in its `codec.types`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   * @example [Product, Supplier]
   */
  types?: ClassesOption | undefined;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[] | undefined;

  /**
   * What the result depends on beside the arguments, such as the tenant or the language of the request: functions, or
   * names of functions in the module's options (`decorators.varyBy`). One that returns `undefined` is an error.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[] | undefined;

  /**
   * How long a value is fresh, or a function of the value and the arguments that says so.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module's `cache.ttl`
   */
  ttl?: Ttl | ((value: R, ...args: A) => Ttl) | undefined;

  /**
   * Names that invalidate the value, as templates or functions of the arguments.
   *
   * @default []
   */
  tags?: readonly KeyOption<A>[] | undefined;

  /** More such names, known only from the value. */
  tagsOf?: ((value: R, ...args: A) => readonly string[]) | undefined;

  /** Whether this call uses the cache at all; if not, the method runs as if it were not decorated. */
  when?: ((...args: A) => boolean) | undefined;

  /** Whether this value is returned but not stored. */
  unless?: ((value: R, ...args: A) => boolean) | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string | undefined;
}

/** The options of `@Cacheable`, as read. */
export interface CacheableShape extends StoringOptions {
  readonly when: ArgumentsFunction | undefined;
  readonly key: KeyOption | undefined;
  readonly ttl: Ttl | ArgumentsFunction | undefined;
  readonly tags: readonly KeyOption[];
  readonly tagsOf: ArgumentsFunction | undefined;
  readonly unless: ArgumentsFunction | undefined;
  readonly sharedKey: boolean;
  readonly sharedByAll: boolean;
  readonly sharedBetweenRequests: boolean;
}

/** One reader for each of them. */
export const CACHEABLE: Shape<CacheableShape> = {
  ...STORING,
  when: optional(func<ArgumentsFunction>()),
  key: optional(readKey),
  // A ttl that is no function is read with the policy.
  ttl: (value) => value as Ttl | undefined,
  tags: withDefault(readKeys, []),
  tagsOf: optional(func<ArgumentsFunction>()),
  unless: optional(func<ArgumentsFunction>()),
  sharedKey: withDefault(bool, false),
  sharedByAll: withDefault(bool, false),
  sharedBetweenRequests: withDefault(bool, false),
};
