import { DecoratorError } from '../../errors.js';
import type { Ttl } from '../../options/cache-options.js';
import { ResolvedPolicy } from '../../options/cache-policy.js';
import {
  type CachePutOptions,
  CACHE_PUT,
  CACHE_PUT_POLICY,
  type CachePutShape,
} from '../../options/cache-put-options.js';
import { readWritersOptions, refuseBareText } from '../../options/decorator-options.js';
import type { KeyOption } from '../../options/key-option.js';
import { compileResultKey } from '../keys/key-compiler.js';
import { policyOver } from '../methods/class-defaults.js';
import { KeyMaker } from '../methods/key-maker.js';
import type { Call } from '../methods/call.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/method-wrapper.js';
import type { AnyMethod, MethodDecoratorFor, ResultOf } from './method-types.js';

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
  const { own, rest } = readWritersOptions<CachePutShape>(options, facts.place, CACHE_PUT, CACHE_PUT_POLICY);
  const { tagsOf, ttl, unless, when } = own;
  if ((own.key === undefined) === (own.keyOf === undefined)) {
    throw new DecoratorError("name either 'key' or 'keyOf', the key that readers of the value use");
  }
  const maker = new KeyMaker(facts, own);
  const key =
    own.keyOf === undefined ? maker.compile(own.key as KeyOption, true) : compileResultKey(own.keyOf);
  const tags = own.tags.map((tag) => maker.compile(tag, true));
  const fixedTtl = typeof ttl === 'function' || ttl === undefined ? {} : { ttl };
  const policy = policyOver(facts.defaults.policy, { ...rest, ...fixedTtl }, facts.place);
  const puts = maker.use(key, tags, {
    hasTagsOfValue: tagsOf !== undefined,
    knowsResult: true,
    saysGrace: (rest as CachePutOptions).grace !== undefined,
  });

  /** The policy of one value, whose ttl a function may tell. */
  const policyOf = ({ cache, args }: Call, named: readonly string[]): ResolvedPolicy => {
    const resolved = cache.policy(cache.adopted(puts).policy ?? policy, facts.place, named);
    if (typeof ttl !== 'function') return resolved;
    const ttlOf = (value: never): Ttl => ttl(value, ...args) as Ttl;
    // A service that a test put in the real one's place may well know nothing of policies.
    if (!(resolved instanceof ResolvedPolicy)) return { ...(resolved as object), ttl: ttlOf } as never;
    return resolved.with({ ttlSeconds: undefined, ttlOf });
  };

  /** The key of a value that is not to be stored, which may be none to make a key of. */
  const keyOfRefused = (call: Call, value: unknown): string | undefined => {
    try {
      return maker.key(call, key, value);
    } catch {
      return undefined;
    }
  };

  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    puts,
    form: maker.form(key),
    step: async (call) => {
      const { cache, args } = call;
      if (when !== undefined && when(...args) !== true) return call.next();
      if (key.usesResult) maker.checkVaryBy(call);
      let at = key.usesResult ? undefined : maker.keyIfAny(call, key);
      if (at === undefined && !key.usesResult) return call.next();
      const allTags = [...tags, ...cache.adopted(puts).tags];
      // What only the value tells cannot be watched while the method runs.
      const isWatched = at !== undefined && tagsOf === undefined && !allTags.some((tag) => tag.usesResult);
      let named = isWatched ? maker.tagsIfAny(call, allTags) : undefined;
      // Takes down what is there, so that nothing is stored over an invalidation that comes while the method runs.
      const pending = named && (await cache.service.beginSet?.(at as string, policyOf(call, named)));
      let value: unknown;
      try {
        value = await call.next();
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
        at ??= maker.keyIfAny(call, key, value);
        if (at === undefined) return value;
        if (!isWatched) named = maker.tagsIfAny(call, allTags, value);
        const isStored = value !== undefined || cache.policy(policy, facts.place).cacheUndefined;
        if (named === undefined || !isStored) {
          await cache.service.invalidate(at);
          return value;
        }
        cache.uncached.loading(at, facts.place);
        if (pending !== undefined) {
          await pending.store(value);
          return value;
        }
        const ofValue = tagsOf === undefined ? [] : (tagsOf(value, ...args) as string[]);
        await cache.service.set(at, value, policyOf(call, [...named, ...ofValue]));
        return value;
      } catch (error) {
        // What is under the key is older than what the method has just done.
        if (at !== undefined) await cache.service.invalidate(at);
        throw error;
      }
    },
  };
}
