import { DecoratorError } from '../../errors.js';
import { resolveUpdate } from '../../options/cache-policy.js';
import {
  type CasUpdateOptions,
  CAS_UPDATE,
  CAS_UPDATE_OTHERS,
  type CasUpdateShape,
} from '../../options/cas-update-options.js';
import { readWritersOptions, refuseBareText } from '../../options/decorator-options.js';
import { KeyMaker } from '../methods/key-maker.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/method-wrapper.js';
import type { AnyMethod, MethodDecoratorFor, ResultOf } from './method-types.js';

/**
 * Makes the method the next step of a cached value: it receives the current value in the parameter marked `@Current()`,
 * and returns the new one, or `KEEP` to leave it.
 *
 * **The method may run several times for one call**: when somebody else was quicker, it runs again with the newer value.
 * So it should compute and do nothing else; what has to happen once belongs behind the call. No update is lost, in
 * this process or between processes. A new value gets the tags and the `grace` of the `@Cacheable` or `@CacheBatch` that reads it.
 *
 * @returns (of the decorated method) the value that is stored now.
 * @throws {CasConflictError} when every attempt met a concurrent change.
 * @throws {MemcachedError} when the server cannot be asked: going on without it would lose the update.
 * @example
 * class Stock {
 *   @CasUpdate({ key: 'stock:{0}' })
 *   async take(product: string, pieces: number, @Current() left = 0): Promise<number> {
 *     if (left < pieces) throw new SoldOutError();
 *     return left - pieces;
 *   }
 * }
 * await stock.take('lamp', 2);
 */
export function CasUpdate<O extends CasUpdateOptions>(options: O): MethodDecoratorFor<O>;
export function CasUpdate<M extends AnyMethod>(
  options: CasUpdateOptions<Parameters<M>, ResultOf<M>>,
): MethodDecoratorFor<object>;
export function CasUpdate(options: CasUpdateOptions): MethodDecoratorFor<object> {
  refuseBareText('@CasUpdate', options, 'key');
  return decorateMethod({
    decorator: '@CasUpdate',
    name: options.name,
    stores: true,
    usesDefaultKey: false,
    compile: (facts) => compile(options, facts),
  });
}

function compile(options: CasUpdateOptions, facts: MethodFacts): CompiledOperation {
  const { own, rest } = readWritersOptions<CasUpdateShape>(
    options,
    facts.place,
    CAS_UPDATE,
    CAS_UPDATE_OTHERS,
  );
  const { current } = facts.signature;
  if (current === undefined) {
    throw new DecoratorError('no parameter receives the cached value; mark one with @Current()');
  }
  resolveUpdate(rest, facts.place);
  if (own.key === undefined) throw new DecoratorError("name the 'key' of the value to update");
  const maker = new KeyMaker(facts, own);
  const key = maker.compile(own.key);
  const tags = own.tags.map((tag) => maker.compile(tag));
  const { grace } = rest as CasUpdateOptions;
  const puts = maker.use(key, tags, {
    saysGrace: grace !== undefined,
    mayBeLost: options.tags === undefined,
  });
  const { policy } = facts.defaults;
  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    puts,
    form: maker.form(key),
    step: (call) => {
      const adopted = call.cache.adopted(puts);
      const named = maker.tags(call, [...tags, ...adopted.tags]);
      return call.cache.service.update<unknown>(
        maker.key(call, key),
        (value) => {
          const args = [...call.args];
          args[current] = value;
          return call.next(args);
        },
        named.length === 0 ? rest : { ...rest, tags: named },
        call.cache.policy(adopted.policy ?? policy, facts.place),
      );
    },
  };
}
