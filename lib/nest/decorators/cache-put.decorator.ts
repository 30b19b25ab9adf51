import type { PendingSet } from '../../cache/cache-writes.js';
import type { CachePolicy, Ttl } from '../../options/cache-options.js';
import { DecoratorError } from '../../errors.js';
import { func, optional, type Shape, withDefault } from '../../options/schema.js';
import { type CompiledKey, compileResultKey, type KeySpec } from '../keys/key-compiler.js';
import type { VaryBy } from '../../options/vary-by.js';
import {
  type ArgumentsFunction,
  readKey,
  readKeys,
  readOptions,
  refuseBareText,
  STORING,
  type StoringOptions,
} from '../methods/decorator-options.js';
import { KeyMaker } from '../methods/key-maker.js';
import type {
  ClassesOption,
  AnyMethod,
  KeyOption,
  MethodDecoratorFor,
  ResultKeyOption,
  ResultOf,
} from './method-types.js';
import type { Call, CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/stub.js';

/**
 * Options of `@CachePut`: under which key, and for how long.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CachePutOptions<A extends readonly unknown[] = never[], R = never> extends Pick<
  CachePolicy<R>,
  'grace' | 'nullTtl' | 'cacheUndefined' | 'jitter' | 'onStoreError'
> {
  /** The key: a template (`{result.id}` is of what the method returned), or a function of the arguments. */
  key?: KeyOption<A>;

  /** The key, made from what the method returned; instead of `key`. */
  keyOf?: ResultKeyOption<A, R>;

  /** Classes whose instances the values are or hold; see `@Cacheable`. */
  types?: ClassesOption;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[];

  /**
   * What the key holds beside the arguments; as in the `@Cacheable` that reads it.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[];

  /**
   * How long the value is fresh, or a function of the value and the arguments that says so.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module's `cache.ttl`
   */
  ttl?: Ttl | ((value: R, ...args: A) => Ttl);

  /**
   * Names that invalidate the value, as templates or functions of the arguments.
   *
   * @default []
   */
  tags?: readonly KeyOption<A>[];

  /** More such names, known only from the value. */
  tagsOf?: (value: R, ...args: A) => readonly string[];

  /** Whether this call stores anything. */
  when?: (...args: A) => boolean;

  /** Whether this value is not to be stored; what is under the key, now older, is invalidated instead. */
  unless?: (value: R, ...args: A) => boolean;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string;
}

/**
 * Runs the method, always, and stores what it returns before its caller gets it.
 *
 * Needs a `key` or a `keyOf`: a key made of all arguments would not be that of any reader. `undefined` is not stored,
 * unless `cacheUndefined`; then what is under the key, now older, is invalidated.
 *
 * @example
 * class ProductService {
 *   @CachePut({ key: 'product:{result.id}', ttl: '10m' })
 *   async create(draft: Draft): Promise<Product> { … }
 * }
 */
export function CachePut<O extends CachePutOptions>(options: O): MethodDecoratorFor<O>;
export function CachePut<M extends AnyMethod>(
  options: CachePutOptions<Parameters<M>, ResultOf<M>>,
): MethodDecoratorFor<object>;
export function CachePut(options: CachePutOptions = {}): MethodDecoratorFor<object> {
  refuseBareText('@CachePut', options, 'key');
  return decorateMethod({
    decorator: '@CachePut',
    name: options.name,
    stores: true,
    usesDefaultKey: false,
    compile: (facts) => compile(options, facts),
  });
}

function compile(options: CachePutOptions, facts: MethodFacts): CompiledOperation {
  const { own, rest } = readOptions<CachePutShape>(options, facts.place, CACHE_PUT);
  const { tagsOf, ttl, unless, when } = own;
  if ((own.key === undefined) === (own.keyOf === undefined)) {
    throw new DecoratorError("name either 'key' or 'keyOf', the key that readers of the value use");
  }
  const maker = new KeyMaker(facts, own);
  const key = own.keyOf === undefined ? maker.compile(own.key as KeySpec, true) : compileResultKey(own.keyOf);
  const tags = own.tags.map((tag) => maker.compile(tag, true));
  const policy: CachePolicy<never> = {
    ...facts.defaults.policy,
    ...rest,
    ...(typeof ttl === 'function' || ttl === undefined ? {} : { ttl }),
  };

  /** The key of a value that is not to be stored, which may be none to make a key of. */
  const keyOfRefused = (call: Call, value: unknown): string | undefined => {
    try {
      return maker.key(call, key, value);
    } catch {
      return undefined;
    }
  };

  /** Takes down what is there, so that nothing is stored over an invalidation that comes while the method runs. */
  const begin = async (call: Call, at: string, named: readonly string[]): Promise<PendingSet | undefined> => {
    const { cache, args } = call;
    const ttlOf = typeof ttl === 'function' ? { ttl: (value: never) => ttl(value, ...args) as Ttl } : {};
    return cache.service.beginSet?.(at, cache.policy({ ...policy, ...ttlOf }, facts.place, named));
  };
  const puts = maker.use(key, tags, tagsOf !== undefined);
  /** Tags that are known before the method runs. */
  const early = (call: Call): readonly CompiledKey[] => [...tags, ...call.cache.readersTags(puts)];

  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    puts,
    step: async (call, next) => {
      const { cache, args } = call;
      if (when !== undefined && when(...args) !== true) return next(args);
      let at = key.usesResult ? undefined : maker.key(call, key);
      const allTags = early(call);
      // What only the value tells cannot be watched while the method runs.
      const isWatched = at !== undefined && tagsOf === undefined && !allTags.some((tag) => tag.usesResult);
      const pending = isWatched ? await begin(call, at as string, maker.tags(call, allTags)) : undefined;
      let value: unknown;
      try {
        value = await next(args);
      } catch (error) {
        pending?.abandon();
        throw error;
      }
      try {
        if (unless !== undefined && unless(value, ...args) === true) {
          at ??= keyOfRefused(call, value);
          if (at !== undefined) await cache.service.invalidate(at);
          return value;
        }
        // Nobody has an id to make a key of.
        if ((value === undefined || value === null) && key.usesResult) return value;
        at ??= maker.key(call, key, value);
        if (value === undefined && !cache.policy(policy, facts.place).cacheUndefined) {
          await cache.service.invalidate(at);
          return value;
        }
        cache.uncached.loading(at, facts.place);
        if (pending !== undefined) {
          await pending.store(value);
          return value;
        }
        const named = maker.tags(call, allTags, value);
        if (tagsOf !== undefined) named.push(...(tagsOf(value, ...args) as string[]));
        const resolved =
          typeof ttl === 'function'
            ? cache.policy({ ...policy, ttl: ttl(value, ...args) as Ttl }, facts.place, named)
            : cache.policy(policy, facts.place, named);
        await cache.service.set(at, value, resolved);
        return value;
      } catch (error) {
        // What is under the key is older than what the method has just done.
        if (at !== undefined) await cache.service.invalidate(at);
        throw error;
      }
    },
  };
}

interface CachePutShape extends StoringOptions {
  readonly when: ArgumentsFunction | undefined;
  readonly key: KeySpec | undefined;
  readonly keyOf: ArgumentsFunction | undefined;
  readonly ttl: Ttl | ArgumentsFunction | undefined;
  readonly tags: readonly KeySpec[];
  readonly tagsOf: ArgumentsFunction | undefined;
  readonly unless: ArgumentsFunction | undefined;
}

const CACHE_PUT: Shape<CachePutShape> = {
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
