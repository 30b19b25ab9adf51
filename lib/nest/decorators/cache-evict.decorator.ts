import { DecoratorError } from '../../errors.js';
import {
  type CacheEvictOptions,
  CACHE_EVICT,
  type CacheEvictShape,
} from '../../options/cache-evict-options.js';
import { readWritersOptions, refuseBareText } from '../../options/decorator-options.js';
import type { Duration } from '../../options/duration.js';
import { keyFrom } from '../keys/key-compiler.js';
import type { CompiledKey } from '../keys/key-template.js';
import { KeyMaker } from '../methods/key-maker.js';
import type { Call } from '../methods/call.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/method-wrapper.js';
import type { AnyMethod, MethodDecoratorFor, ResultOf } from './method-types.js';

/**
 * Invalidates keys and tags when the method has succeeded, before its caller gets the result.
 *
 * Every server that can be reached has done it by then; what could not be reached is made up for when it comes back. All
 * keys of one decorator leave together. Where the result makes no key, all others are invalidated before the error is told.
 *
 * @example
 * class ProductService {
 *   @CacheEvict({ keys: ['product:{0}', 'products'], tags: ['category:{result.category}'] })
 *   async rename(id: number, name: string): Promise<Product> { … }
 * }
 */
export function CacheEvict<O extends CacheEvictOptions>(options: O): MethodDecoratorFor<O>;
export function CacheEvict<M extends AnyMethod>(
  options: CacheEvictOptions<Parameters<M>, ResultOf<M>>,
): MethodDecoratorFor<object>;
export function CacheEvict(options: CacheEvictOptions = {}): MethodDecoratorFor<object> {
  refuseBareText('@CacheEvict', options, 'key');
  return decorateMethod({
    decorator: '@CacheEvict',
    name: options.name,
    stores: false,
    usesDefaultKey: false,
    compile: (facts) => compile(options, facts),
  });
}

function compile(options: CacheEvictOptions, facts: MethodFacts): CompiledOperation {
  const { own } = readWritersOptions<CacheEvictShape>(options, facts.place, CACHE_EVICT, []);
  const { at, keysOf, soft, unless, when } = own;
  const maker = new KeyMaker(facts, own);
  const keys = [...own.key, ...own.keys].map((key) => maker.compile(key, at === 'after'));
  const tags = own.tags.map((tag) => maker.compile(tag, at === 'after'));
  if (keys.length === 0 && tags.length === 0 && keysOf === undefined) {
    throw new DecoratorError("nothing to invalidate; name a 'key', 'keys' or 'tags'");
  }
  const needed = keysOf !== undefined ? 'keysOf' : unless !== undefined ? 'unless' : undefined;
  if (needed !== undefined && at === 'before') {
    throw new DecoratorError(`'${needed}' needs what the method returns, which is not known 'before'`);
  }

  /** Keys and tags before the method runs, where the result is not needed: a mistake in them is found before it acts. */
  const known = (call: Call): Targets => ({
    keys: keys.filter((key) => !key.usesResult).map((key) => maker.key(call, key)),
    tags: maker.tags(
      call,
      tags.filter((tag) => !tag.usesResult),
    ),
  });
  const lateKeys = keys.filter((key) => key.usesResult);
  const lateTags = tags.filter((tag) => tag.usesResult);
  /** What the result says beside: all that can be made, and what is wrong with the rest. */
  const ofResult = (call: Call, result: unknown): { targets: Targets; errors: unknown[] } => {
    const errors: unknown[] = [];
    const attempt = <T>(make: () => readonly T[]): readonly T[] => {
      try {
        return make();
      } catch (error) {
        errors.push(error);
        return [];
      }
    };
    const named = attempt(() => (keysOf?.(result, ...call.args) ?? []) as readonly unknown[]);
    // Of nothing, templates ask for nothing: a row that is not there has no slug to invalidate.
    const isNothing = result === undefined || result === null;
    const late = [...(isNothing ? [] : lateKeys), ...named.map(literally)];
    const targets = {
      keys: late.flatMap((key) => attempt(() => [maker.key(call, key, result)])),
      tags: (isNothing ? [] : lateTags).flatMap((tag) => attempt(() => maker.tags(call, [tag], result))),
    };
    return { targets, errors };
  };
  const leavesValid = async (call: Call, targets: Targets, result: unknown): Promise<boolean> => {
    try {
      return unless !== undefined && unless(result, ...call.args) === true;
    } catch (error) {
      // What the method has changed, it has changed.
      await evict(call, targets, soft);
      throw error;
    }
  };

  return {
    policy: undefined,
    varyBy: maker.varyBy,
    step: async (call) => {
      if (when !== undefined && when(...call.args) !== true) return call.next();
      const targets = known(call);
      if (at !== 'after') await evict(call, targets, soft);
      const result = await call.next();
      if (at === 'before' || (await leavesValid(call, targets, result))) return result;
      const late = ofResult(call, result);
      await evict(
        call,
        {
          keys: [...targets.keys, ...late.targets.keys],
          tags: [...targets.tags, ...late.targets.tags],
        },
        soft,
      );
      if (late.errors.length > 0) throw late.errors[0];
      return result;
    },
  };
}

async function evict({ cache }: Call, { keys, tags }: Targets, soft: Duration): Promise<void> {
  await Promise.all([
    keys.length === 0 ? undefined : cache.service.invalidate(...keys, { soft }),
    tags.length === 0 ? undefined : cache.service.invalidateTags(...tags, { soft }),
  ]);
}

function literally(made: unknown): CompiledKey {
  return { usesResult: true, make: () => keyFrom(made) };
}

interface Targets {
  readonly keys: readonly string[];
  readonly tags: readonly string[];
}
