import type { Loader } from '../../cache/load-context.js';
import { DecoratorError } from '../../errors.js';
import type { CachePolicy, Ttl } from '../../options/cache-options.js';
import type { ResolvedPolicy } from '../../options/cache-policy.js';
import { bool, func, optional, type Shape, withDefault } from '../../options/schema.js';
import type { KeySpec } from '../keys/key-compiler.js';
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
import { filled } from '../methods/marked-parameter.js';
import type { ClassesOption, AnyMethod, KeyOption, MethodDecoratorFor, ResultOf } from './method-types.js';
import type { CompiledOperation, MethodFacts, Next } from '../methods/operation.js';
import { decorateMethod } from '../methods/stub.js';

/**
 * Options of `@Cacheable`; whatever a policy says (`grace`, `lease`, `refreshAhead`, …) may stand here too.
 *
 * @typeParam A the method's parameters.
 * @typeParam R what the method's promise or observable gives.
 */
export interface CacheableOptions<A extends readonly unknown[] = never[], R = never> extends Omit<
  CachePolicy<R>,
  'ttl' | 'tags' | 'signal'
> {
  /**
   * The key: a template (`'product:{0}'`, `'{0.tenant.id}:orders'`, `'product:{id}'` with `params`), or a function of
   * the arguments that returns the key, or a list of its parts. It has to hold all that the result depends on.
   *
   * @default class, method and all arguments, in a form that differs whenever they do
   */
  key?: KeyOption<A>;

  /**
   * Whether another `@Cacheable` method stores under the same keys on purpose: what the two return has to be
   * interchangeable, and neither may call the other, since it would wait for itself. Without it, two methods with one
   * key are refused at boot.
   *
   * @default false
   */
  sharedKey?: boolean;

  /**
   * Whether a `key` that names none of the method's parameters is meant: every call gets the same answer, whatever its
   * arguments. Without it, such a key is refused at boot.
   *
   * @default false
   */
  sharedByAll?: boolean;

  /**
   * Whether requests share answers on purpose, of an object that is made for each request and gets it injected: what the
   * method returns must not depend on the request. Without it, such a method needs a `key` and a `varyBy`.
   *
   * @default false
   */
  sharedBetweenRequests?: boolean;

  /**
   * Classes whose instances the values are or hold, such as TypeORM's entities and their relations: they come back as
   * instances, without a constructor being called. A list, or a function that returns it, where files import each other
   * in a circle. They count for the whole module, as if named in its `codec.types`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   * @example [Product, Supplier]
   */
  types?: ClassesOption;

  /** The parameters' names in their order, for templates that use names. */
  params?: readonly string[];

  /**
   * What the result depends on beside the arguments, such as the tenant or the language of the request: functions, or
   * names of functions in the module's options (`decorators.varyBy`). One that returns `undefined` is an error.
   *
   * @default what the class says in `@CacheDefaults`, otherwise []
   */
  varyBy?: readonly VaryBy[];

  /**
   * How long a value is fresh, or a function of the value and the arguments that says so.
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

  /** Whether this call uses the cache at all; if not, the method runs as if it were not decorated. */
  when?: (...args: A) => boolean;

  /** Whether this value is returned but not stored. */
  unless?: (value: R, ...args: A) => boolean;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default what the class says in `@CacheDefaults`, otherwise the module without a name
   */
  name?: string;
}

/**
 * Answers from the cache, and runs the method only for what is not there: once for all callers in the whole fleet.
 *
 * The method's arguments make the key, unless `key` does. On a controller, guards, pipes and interceptors have run
 * before. What the method throws reaches the caller, and is not stored. Of an observable, the only emission is stored.
 *
 * @throws {DecoratorError} at boot where an answer would be shared by mistake; see `docs/decorators.md`.
 * @example
 * class ProductService {
 *   @Cacheable({ key: 'product:{0}', ttl: '10m' })
 *   async find(id: number): Promise<Product> { … }
 *
 *   // All functions typed by the method itself:
 *   @Cacheable<ProductService['search']>({ key: (query) => ['search', query.term], unless: (found) => found.length === 0 })
 *   async search(query: Query): Promise<Product[]> { … }
 * }
 */
export function Cacheable(): MethodDecoratorFor<object>;
export function Cacheable<O extends CacheableOptions>(options: O): MethodDecoratorFor<O>;
export function Cacheable<M extends AnyMethod>(
  options: CacheableOptions<Parameters<M>, ResultOf<M>>,
): MethodDecoratorFor<object>;
export function Cacheable(options: CacheableOptions = {}): MethodDecoratorFor<object> {
  refuseBareText('@Cacheable', options, 'key');
  return decorateMethod({
    decorator: '@Cacheable',
    name: options.name,
    stores: true,
    usesDefaultKey: options.key === undefined,
    compile: (facts) => compile(options, facts),
  });
}

function compile(options: CacheableOptions, facts: MethodFacts): CompiledOperation {
  const { own, rest } = readOptions<CacheableShape>(options, facts.place, CACHEABLE);
  const { when } = own;
  const maker = new KeyMaker(facts, own);
  const key = own.key === undefined ? undefined : maker.compile(own.key);
  if (key?.template?.placeholders.length === 0 && facts.signature.takesArguments && !own.sharedByAll) {
    throw new DecoratorError(
      `key '${key.template.written}' names none of the method's parameters, so that all calls would get one answer; ` +
        "write them as {0} (or {id} with params: ['id']), or say 'sharedByAll: true' if one answer is meant for all",
    );
  }
  const tags = own.tags.map((tag) => maker.compile(tag));
  const policy: CachePolicy<never> = {
    ...facts.defaults.policy,
    ...rest,
    ...(typeof own.ttl === 'function' || own.ttl === undefined ? {} : { ttl: own.ttl }),
  };
  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    reads: maker.use(key, tags, own.tagsOf !== undefined),
    isApartByRequest: own.sharedBetweenRequests || (key !== undefined && maker.varyBy.length > 0),
    isApartByObject: own.sharedKey || key !== undefined || facts.tellsObjectsApart,
    ownPattern: own.sharedKey ? undefined : maker.pattern(key),
    step: (call, next) => {
      if (when !== undefined && when(...call.args) !== true) return next(call.args);
      const at = maker.keyIfAny(call, key);
      const named = maker.tagsIfAny(call, tags);
      if (at === undefined || named === undefined) return next(call.args);
      const resolved = call.cache.policy(policy, facts.place, named);
      const { service, uncached } = call.cache;
      const run: Next = (args) => {
        uncached.loading(at, facts.place);
        return next(args);
      };
      return service.getOrSet(at, loaderOf(own, resolved, call.args, run, facts.signature.loading), resolved);
    },
  };
}

/** The method as the cache calls it; what the options say about its value is said to the cache. */
function loaderOf(
  own: CacheableShape,
  policy: ResolvedPolicy,
  args: readonly unknown[],
  next: Next,
  loading: number | undefined,
): Loader<unknown> {
  const { ttl, tagsOf, unless } = own;
  if (typeof ttl !== 'function' && tagsOf === undefined && unless === undefined) {
    return loading === undefined ? () => next(args) : (context) => next(filled(args, loading, context));
  }
  return async (context) => {
    const value = await next(filled(args, loading, context));
    if (unless !== undefined && unless(value, ...args) === true) context.skip();
    else {
      const isNegative = value === null && policy.nullTtlSeconds !== undefined;
      if (typeof ttl === 'function' && !isNegative) context.setTtl(ttl(value, ...args) as Ttl);
      if (tagsOf !== undefined) context.tag(...(tagsOf(value, ...args) as string[]));
    }
    return value;
  };
}

interface CacheableShape extends StoringOptions {
  readonly when: ArgumentsFunction | undefined;
  readonly key: KeySpec | undefined;
  readonly ttl: Ttl | ArgumentsFunction | undefined;
  readonly tags: readonly KeySpec[];
  readonly tagsOf: ArgumentsFunction | undefined;
  readonly unless: ArgumentsFunction | undefined;
  readonly sharedKey: boolean;
  readonly sharedByAll: boolean;
  readonly sharedBetweenRequests: boolean;
}

const CACHEABLE: Shape<CacheableShape> = {
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
