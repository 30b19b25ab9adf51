import type { Type } from '@nestjs/common';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import { compiledOf } from './compiled-operations.js';
import { dependenciesOf, type Provider } from './provider.js';

/** What Nest injects that belongs to one request: of HTTP, of GraphQL and microservices. */
const OF_ONE_REQUEST: ReadonlySet<unknown> = new Set(['REQUEST', 'CONTEXT']);

/**
 * Looks for methods whose results can depend on the request that their object was made for, without a key that says so.
 *
 * @returns one sentence for each: class, method and decorator, what is wrong, and its mend.
 */
export function requestMistakes(
  provider: Provider,
  methods: readonly DecoratedMethod[],
  type: Type,
): string[] {
  if (provider.isDependencyTreeStatic() || !knowsRequest(provider, new Set())) return [];
  return methods.flatMap((method) =>
    compiledOf(method, type).flatMap(({ isApartByRequest }, index) => {
      if (isApartByRequest !== false) return [];
      const place = method.place(method.operations[index].decorator);
      return [
        `${place}: ${type.name} is made for each request and knows it, so that one caller could be served another's ` +
          "answer; name what tells requests apart by 'key' and 'varyBy' (in a default key, by a 'toCacheKey()' method of " +
          "the class), or say 'sharedBetweenRequests: true' if the result does not depend on the request",
      ];
    }),
  );
}

/** Whether an object, or one that is injected into it, gets the request. */
function knowsRequest(provider: Provider, seen: Set<Provider>): boolean {
  if (seen.has(provider)) return false;
  seen.add(provider);
  if (OF_ONE_REQUEST.has(provider.token)) return true;
  return dependenciesOf(provider).some((dependency) => knowsRequest(dependency, seen));
}
