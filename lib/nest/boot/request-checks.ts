import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { DecoratedMethod } from '../methods/decorated-method.js';

type ModuleHost = Parameters<ModulesContainer['set']>[1];
type Wrapper = NonNullable<ReturnType<ModuleHost['getProviderById']>>;

/** What Nest injects that belongs to one request: of HTTP, of GraphQL and microservices. */
const OF_ONE_REQUEST: ReadonlySet<unknown> = new Set(['REQUEST', 'CONTEXT']);

/**
 * Looks for methods whose results can depend on the request that their object was made for, without a key that says so.
 *
 * @returns one sentence for each: class, method and decorator, what is wrong, and its mend.
 */
export function requestMistakes(wrapper: Wrapper, methods: readonly DecoratedMethod[], type: Type): string[] {
  if (wrapper.isDependencyTreeStatic() || !knowsRequest(wrapper, new Set())) return [];
  return methods.flatMap((method) =>
    method.compile(type).flatMap(({ isApartByRequest }, index) => {
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
function knowsRequest(wrapper: Wrapper, seen: Set<Wrapper>): boolean {
  if (seen.has(wrapper)) return false;
  seen.add(wrapper);
  if (OF_ONE_REQUEST.has(wrapper.token)) return true;
  return dependenciesOf(wrapper).some((dependency) => knowsRequest(dependency, seen));
}

/** What is injected into the objects of a provider. */
export function dependenciesOf(wrapper: Wrapper): Wrapper[] {
  const parameters = (wrapper.getCtorMetadata() as (Wrapper | undefined)[] | undefined) ?? [];
  const properties = (wrapper.getPropertiesMetadata() as { wrapper: Wrapper }[] | undefined) ?? [];
  return [...parameters, ...properties.map((property) => property.wrapper)].filter(
    (dependency) => dependency !== undefined && dependency !== null,
  );
}
