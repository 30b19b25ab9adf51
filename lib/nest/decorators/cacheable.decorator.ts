import type { Loader } from '../../cache/load-context.js';
import { DecoratorError } from '../../errors.js';
import type { Ttl } from '../../options/cache-options.js';
import type { ResolvedPolicy } from '../../options/cache-policy.js';
import { type CacheableOptions, CACHEABLE, type CacheableShape } from '../../options/cacheable-options.js';
import { readOptions, refuseBareText } from '../../options/decorator-options.js';
import { unforced } from '../instance/force-fresh.js';
import { policyOver } from '../methods/class-defaults.js';
import { KeyMaker } from '../methods/key-maker.js';
import { filled } from '../methods/marked-parameter.js';
import type { Call } from '../methods/call.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/method-wrapper.js';
import type { AnyMethod, MethodDecoratorFor, ResultOf } from './method-types.js';

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
  const { loading } = facts.signature;
  const saysNothing = typeof own.ttl !== 'function' && own.tagsOf === undefined && own.unless === undefined;
  const isPlain = loading === undefined && saysNothing;
  const maker = new KeyMaker(facts, own);
  const key = own.key === undefined ? undefined : maker.compile(own.key);
  if (key?.template?.placeholders.length === 0 && facts.signature.takesArguments && !own.sharedByAll) {
    throw new DecoratorError(
      `key '${key.template.written}' names none of the method's parameters, so that all calls would get one answer; ` +
        "write them as {0} (or {id} with params: ['id']), or say 'sharedByAll: true' if one answer is meant for all",
    );
  }
  const tags = own.tags.map((tag) => maker.compile(tag));
  const ttl = typeof own.ttl === 'function' || own.ttl === undefined ? {} : { ttl: own.ttl };
  const policy = policyOver(facts.defaults.policy, { ...rest, ...ttl }, facts.place);
  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    reads: maker.use(key, tags, { hasTagsOfValue: own.tagsOf !== undefined }),
    isApartByRequest:
      own.sharedBetweenRequests || (key === undefined ? facts.tellsObjectsApart : maker.varyBy.length > 0),
    commonTo: own.sharedKey ? undefined : maker.commonTo(key),
    form: maker.form(key),
    step: (call) => {
      if (when !== undefined && when(...call.args) !== true) return call.next();
      const at = maker.keyIfAny(call, key);
      const named = tags.length === 0 ? NO_TAGS : maker.tagsIfAny(call, tags);
      if (at === undefined || named === undefined) return call.next();
      const resolved = call.cache.policy(policy, facts.place, named, call.route.isForced);
      const load = isPlain
        ? () => run(call, at, facts.place, call.args)
        : loaderOf(own, resolved, call.args, (args) => run(call, at, facts.place, args), loading);
      return call.cache.service.getOrSet(at, load, resolved);
    },
  };
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** Runs the method, whose value will be stored under a key. */
function run(call: Call, key: string, place: string, args: readonly unknown[]): Promise<unknown> {
  call.cache.uncached.loading(key, place);
  return call.route.isForced ? unforced(() => call.next(args)) : call.next(args);
}

/** The method as the cache calls it; what the options say about its value is said to the cache. */
function loaderOf(
  own: CacheableShape,
  policy: ResolvedPolicy,
  args: readonly unknown[],
  next: (args: readonly unknown[]) => Promise<unknown>,
  loading: number | undefined,
): Loader<unknown> {
  const { ttl, tagsOf, unless } = own;
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
