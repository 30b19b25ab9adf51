import type { Type } from '@nestjs/common';
import 'reflect-metadata';

// Nest keeps these under its own names, the same in versions 11 and 12.
const HTTP_METHOD = 'method';
const ROUTE_ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
const SSE = '__sse__';

/** Nest's numbers for parameters that receive the response and `next` (`RouteParamtypes`). */
const RESPONSE = 1;
const NEXT = 2;

/** What is wrong where `leavesResponseToMethod`, and its mend. */
export const RESPONSE_IS_TAKEN =
  '@Res() or @Next() leaves the response to the method, so nobody would send an answer from the cache; ' +
  'return the value, with @Res({ passthrough: true }) if headers have to be set';

/** What a parameter of a route receives. */
export interface RouteParameter {
  /** Nest's number for it (`RouteParamtypes`). */
  readonly kind: number;
  /** What stands in its decorator's parentheses. */
  readonly data: unknown;
}

/** The function that stands under a method's name now: decorators may have wrapped what the class declares. */
export function standingFunction(type: Type, property: string | symbol): object {
  return (type.prototype as Record<string | symbol, object>)[property];
}

/** The number of a route's HTTP method (`RequestMethod`); undefined for methods that are no routes. */
export function httpMethod(type: Type, property: string | symbol): number | undefined {
  return Reflect.getMetadata(HTTP_METHOD, standingFunction(type, property)) as number | undefined;
}

/** What the parameters of an HTTP route receive; nothing for methods that are no routes. */
export function routeParameters(type: Type, property: string | symbol): RouteParameter[] {
  if (httpMethod(type, property) === undefined) return [];
  const args: unknown = Reflect.getMetadata(ROUTE_ARGUMENTS, type, property);
  // Keys look like '5:0', kind and position; those of custom decorators begin with a random text.
  return Object.entries((args ?? {}) as Record<string, { data?: unknown }>)
    .filter(([key]) => /^\d+:\d+$/.test(key))
    .map(([key, { data }]) => ({ kind: Number(key.split(':')[0]), data }));
}

/** Whether a route sends its response itself, and Nest does nothing with what it returns. */
export function leavesResponseToMethod(type: Type, property: string | symbol): boolean {
  const takes = routeParameters(type, property).some(({ kind }) => kind === RESPONSE || kind === NEXT);
  return takes && Reflect.getMetadata(PASSTHROUGH, type, property) !== true;
}

/** Whether a route is one of `@Sse()`. */
export function isEventStream(type: Type, property: string | symbol): boolean {
  return Reflect.getMetadata(SSE, standingFunction(type, property)) !== undefined;
}
