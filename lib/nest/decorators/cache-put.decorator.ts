import type { PendingSet } from '../../cache/cache-writes.js';
import { DecoratorError } from '../../errors.js';
import type { CachePolicy, Ttl } from '../../options/cache-options.js';
import { type CachePutOptions, CACHE_PUT, type CachePutShape } from '../../options/cache-put-options.js';
import { readOptions, refuseBareText } from '../../options/decorator-options.js';
import type { KeyOption } from '../../options/key-option.js';
import { compileResultKey } from '../keys/key-compiler.js';
import type { CompiledKey } from '../keys/key-template.js';
import { KeyMaker } from '../methods/key-maker.js';
import type { Call } from '../methods/call.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/stub.js';
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
  const { own, rest } = readOptions<CachePutShape>(options, facts.place, CACHE_PUT);
  const { tagsOf, ttl, unless, when } = own;
  if ((own.key === undefined) === (own.keyOf === undefined)) {
    throw new DecoratorError("name either 'key' or 'keyOf', the key that readers of the value use");
  }
  const maker = new KeyMaker(facts, own);
  const key =
    own.keyOf === undefined ? maker.compile(own.key as KeyOption, true) : compileResultKey(own.keyOf);
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
  const puts = maker.use(key, tags, { hasTagsOfValue: tagsOf !== undefined, knowsResult: true });
  /** Tags that are known before the method runs. */
  const early = (call: Call): readonly CompiledKey[] => [...tags, ...call.cache.readersTags(puts)];

  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    puts,
    form: maker.form(key),
    step: async (call) => {
      const { cache, args } = call;
      if (when !== undefined && when(...args) !== true) return call.next();
      let at = key.usesResult ? undefined : maker.key(call, key);
      const allTags = early(call);
      // What only the value tells cannot be watched while the method runs.
      const isWatched = at !== undefined && tagsOf === undefined && !allTags.some((tag) => tag.usesResult);
      const pending = isWatched ? await begin(call, at as string, maker.tags(call, allTags)) : undefined;
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
