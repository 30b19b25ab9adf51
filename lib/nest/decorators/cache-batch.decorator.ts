import { DecoratorError } from '../../errors.js';
import {
  type CacheBatchOptions,
  CACHE_BATCH,
  type CacheBatchShape,
} from '../../options/cache-batch-options.js';
import { readOptions, refuseBareText } from '../../options/decorator-options.js';
import { unforced } from '../instance/force-fresh.js';
import { fixedKey } from '../keys/key-template.js';
import { policyOver } from '../methods/class-defaults.js';
import { KeyMaker } from '../methods/key-maker.js';
import { filled } from '../methods/marked-parameter.js';
import type { Call } from '../methods/call.js';
import type { CompiledOperation, MethodFacts } from '../methods/operation.js';
import { decorateMethod } from '../methods/method-wrapper.js';
import type { AnyMethod, BatchDecoratorFor, IdOf, RestOf, RowOf, ShapeOf } from './method-types.js';

/**
 * Makes a method `(ids) => rows` ask for what is not in the cache only: one trip to each server for all ids, and one call
 * of the method for those that are missing, if any.
 *
 * @throws {DecoratorError} when the method returns another number of items than it was given ids, and `idOf` does not
 *   say whose they are.
 * @example
 * class ProductService {
 *   @CacheBatch<ProductService['findMany']>({ key: 'product:{0}', idOf: (product) => product.id, ttl: '10m' })
 *   async findMany(ids: readonly number[]): Promise<Product[]> {
 *     return this.products.findBy({ id: In(ids) });
 *   }
 * }
 */
export function CacheBatch<O extends CacheBatchOptions>(options: O): BatchDecoratorFor<O>;
export function CacheBatch<M extends AnyMethod>(
  options: CacheBatchOptions<IdOf<M>, RestOf<M>, RowOf<M>> & ShapeOf<M>,
): BatchDecoratorFor<{ returns: 'map' }>;
export function CacheBatch(options: { name?: string }): BatchDecoratorFor<object> {
  refuseBareText('@CacheBatch', options, 'key');
  return decorateMethod({
    decorator: '@CacheBatch',
    name: options.name,
    stores: true,
    usesDefaultKey: false,
    compile: (facts) => compile(options, facts),
  });
}

function compile(options: object, facts: MethodFacts): CompiledOperation {
  const { own, rest } = readOptions<CacheBatchShape>(options, facts.place, CACHE_BATCH);
  const { idOf, returns, when } = own;
  if (own.key === undefined) throw new DecoratorError("name the 'key' of one id, such as 'product:{0}'");
  const maker = new KeyMaker(facts, own);
  const key = maker.compile(own.key);
  if (key.template !== undefined && !key.template.placeholders.some(({ source }) => source === 0)) {
    throw new DecoratorError(
      `key '${String(own.key)}' does not hold the id, {0}, so that all ids would share one value`,
    );
  }
  const policy = policyOver(facts.defaults.policy, rest, facts.place);
  // What is no list is refused where the policy is read.
  const named = Array.isArray(policy.tags) ? (policy.tags as readonly string[]) : [];
  const templated = named.find((tag) => /\{[\w.]+\}/.test(tag));
  if (templated !== undefined) {
    throw new DecoratorError(
      `the tag '${templated}' is of all values, whatever their keys, so that it cannot have placeholders`,
    );
  }
  const tags = named.map(fixedKey);

  return {
    policy,
    varyBy: maker.varyBy,
    types: () => [...facts.defaults.types(), ...own.types()],
    reads: maker.use(key, tags),
    isApartByRequest: own.sharedBetweenRequests || maker.varyBy.length > 0,
    commonTo: own.sharedKey ? undefined : maker.commonTo(key),
    form: maker.form(key),
    step: async (call) => {
      const { cache, args, route } = call;
      if (when !== undefined && when(...args) !== true) return call.next();
      const [ids, ...others] = args;
      // What the method makes of something else than a list is its own affair.
      if (!isIterable(ids)) return call.next();
      const all = [...ids];
      const ofOne = (id: unknown): Call => call.withArgs([id, ...others]);
      const keys = new Map<unknown, string>();
      for (const id of all) {
        const at = maker.keyIfAny(ofOne(id), key);
        if (at === undefined) return call.next();
        keys.set(id, at);
      }
      const keyOf = (id: unknown): string => keys.get(id) ?? maker.key(ofOne(id), key);
      const found = await cache.service.getOrSetMany<unknown, unknown>(
        all,
        keyOf,
        async (missing, context) => {
          const given = filled([[...missing], ...others], facts.signature.loading, context);
          const returned = await (route.isForced ? unforced(() => call.next(given)) : call.next(given));
          if (returned instanceof Map) return byKey(returned, missing, keyOf);
          if (idOf === undefined) return inOrder(returned, missing, facts.place);
          const rows = listed(returned, missing, facts.place);
          return byKey(
            Array.from(rows, (row) => [idOf(row), row]),
            missing,
            keyOf,
          );
        },
        cache.policy(policy, facts.place, [], route.isForced),
      );
      if (returns === 'map') return found;
      if (idOf === undefined) return all.map((id) => found.get(id));
      return all.filter((id) => found.has(id)).map((id) => found.get(id));
    },
  };
}

/** Finds the row of each id by its key, since one half of an application may have text where the other has numbers. */
function byKey(
  rows: Iterable<readonly unknown[]>,
  ids: readonly unknown[],
  keyOf: (id: unknown) => string,
): unknown[] {
  const found = new Map(Array.from(rows, ([id, row]) => [keyOf(id), row]));
  return ids.map((id) => found.get(keyOf(id)));
}

function listed(returned: unknown, ids: readonly unknown[], place: string): Iterable<unknown> {
  if (isIterable(returned)) return returned;
  throw new DecoratorError(
    `${place}: the method returned no list for ${ids.length} ids; return the rows that there are, an empty list for none`,
  );
}

function inOrder(returned: unknown, ids: readonly unknown[], place: string): unknown[] {
  if (Array.isArray(returned) && returned.length === ids.length) return returned;
  const what = Array.isArray(returned) ? `${returned.length} items` : 'no list';
  throw new DecoratorError(
    `${place}: the method returned ${what} for ${ids.length} ids; return one item for each, in their order, ` +
      "or say by 'idOf' whose a row is",
  );
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] === 'function';
}
