import type { CachePolicy, Ttl } from './cache-options.js';
import type { ClassesOption } from './classes-option.js';
import { type ArgumentsFunction, STORING, type StoringOptions } from './decorator-options.js';
import { type KeyOption, readKey } from './key-option.js';
import { bool, func, oneOf, optional, withDefault, type Shape } from './schema.js';
import type { VaryBy } from './vary-by.js';

/**
 * Options of `@CacheBatch`; whatever a policy says (`grace`, `lease`, …) may stand here too.
 *
 * @typeParam Id one of the method's ids.
 * @typeParam A the method's parameters after the ids.
 * @typeParam R what belongs to one id.
 */
export interface CacheBatchOptions<
  Id = never,
  A extends readonly unknown[] = never[],
  R = never,
> extends Omit<CachePolicy<R>, 'ttl' | 'tags' | 'signal' | 'forceFresh'> {
  /**
   * The key of one id, which takes the ids' place: a template (`'product:{0}'`) or a function of the id and the method's
   * further arguments. May be that of a `@Cacheable` for one id; then the two share their values.
   */
  key: KeyOption<[id: Id, ...rest: A]>;

  /**
   * The id of a row, where the method returns rows in no fixed order and leaves out what it does not find, like
   * `SELECT … WHERE id IN (…)`. Callers get the rows in the order of their ids.
   *
   * Without it, the method returns one item for each id, in their order, `undefined` where there is none; or a `Map`.
   */
  idOf?: ((row: R) => [Id] extends [never] ? unknown : Id) | undefined;

  /**
   * What the method returns: `list`, or a `Map` by id. It has to be known when all answers are in the cache.
   *
   * @default 'list'
   */
  returns?: 'list' | 'map' | undefined;

  /**
   * Whether another `@CacheBatch` method, or another object of the class, stores under the same keys on purpose; see `@Cacheable`.
   *
   * @default false
   */
  sharedKey?: boolean | undefined;

  /**
   * Whether requests share answers on purpose; see `@Cacheable`.
   *
   * @default false
   */
  sharedBetweenRequests?: boolean | undefined;

  /** Classes whose instances the values are or hold; see `@Cacheable`. */
  types?: ClassesOption | undefined;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[] | undefined;

  /**
   * What the values depend on beside the arguments; see `@Cacheable`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[] | undefined;

  /**
   * How long a value is fresh, or a function of the value that says so.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module's `cache.ttl`
   */
  ttl?: Ttl | ((row: R) => Ttl) | undefined;

  /**
   * Names that invalidate every value, whatever its id; without placeholders.
   *
   * @default []
   */
  tags?: readonly string[] | undefined;

  /** Whether this call uses the cache at all; if not, the method runs as if it were not decorated. */
  when?: ((ids: readonly Id[], ...rest: A) => boolean) | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string | undefined;
}

/** The options of `@CacheBatch`, as read. */
export interface CacheBatchShape extends StoringOptions {
  readonly key: KeyOption | undefined;
  readonly idOf: ((row: unknown) => unknown) | undefined;
  readonly returns: 'list' | 'map';
  readonly when: ArgumentsFunction | undefined;
  readonly sharedKey: boolean;
  readonly sharedBetweenRequests: boolean;
}

/** One reader for each of them. */
export const CACHE_BATCH: Shape<CacheBatchShape> = {
  ...STORING,
  key: optional(readKey),
  idOf: optional(func<(row: unknown) => unknown>()),
  returns: withDefault(oneOf('list', 'map'), 'list'),
  when: optional(func<ArgumentsFunction>()),
  sharedKey: withDefault(bool, false),
  sharedBetweenRequests: withDefault(bool, false),
};
