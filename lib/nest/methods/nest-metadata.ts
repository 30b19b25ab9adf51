import type { Type } from '@nestjs/common';
import 'reflect-metadata';

// Nest keeps these under its own names, the same in versions 11 and 12.
const HTTP_METHOD = 'method';
const ROUTE_ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
const SSE = '__sse__';

/** Who calls a method for Nest, by the metadata that its decorator leaves on the function. */
const CALLERS: readonly (readonly [metadata: string, caller: Caller])[] = [
  [HTTP_METHOD, 'http'],
  ['microservices:pattern', 'message'],
  ['websockets:message_mapping', 'socket'],
  ['graphql:resolver_type', 'graphql'],
  ['graphql:resolve_property', 'graphql'],
];

/** What parameters without decorators receive, where the caller passes more than the message. */
const UNDECORATED: Readonly<Record<Caller, readonly number[]>> = {
  http: [],
  message: [],
  // The socket, the message, the acknowledgement (`WsParamtype`).
  socket: [0, 3, 13],
  // The parent, the arguments, the context, the query (`GqlParamtype`).
  graphql: [0, 3, 1, 2],
};

/** Nest's numbers for parameters that receive the response and `next` (`RouteParamtypes`). */
const RESPONSE = 1;
const NEXT = 2;

/** What is wrong where `leavesResponseToMethod`, and its mend. */
export const RESPONSE_IS_TAKEN =
  '@Res() or @Next() leaves the response to the method, so nobody would send an answer from the cache; ' +
  'return the value, and set headers by @Header() or, with @HttpCache, by @Res({ passthrough: true })';

/** What is wrong where `isEventStream`, and its mend. */
export const EVENTS_ARE_STREAMED =
  '@Sse() streams events, which cannot be stored; cache what the events are made of';

/** What calls a method when it is no other code of the application. */
export type Caller = 'http' | 'message' | 'socket' | 'graphql';

/** What a parameter of a method receives that Nest calls. */
export interface CalledParameter {
  /** Nest's number for it: of `RouteParamtypes`, `RpcParamtype`, `WsParamtype` or `GqlParamtype`. */
  readonly kind: number;
  /** What stands in its decorator's parentheses. */
  readonly data: unknown;
}

/** The function that stands under a method's name now: decorators may have wrapped what the class declares. */
export function standingFunction(type: Type, property: string | symbol): object {
  return (type.prototype as Record<string | symbol, object>)[property];
}

/** The name under which a class has a method; decorators may have given the function another one. */
export function propertyOf(type: Type, handler: object): string {
  for (
    let owner = type.prototype as object | null;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object
  ) {
    const found = Object.entries(Object.getOwnPropertyDescriptors(owner)).find(
      ([, { value }]) => value === handler,
    );
    if (found !== undefined) return found[0];
  }
  return (handler as { readonly name: string }).name;
}

/** The number of a route's HTTP method (`RequestMethod`); undefined for methods that are no routes. */
export function httpMethod(type: Type, property: string | symbol): number | undefined {
  return Reflect.getMetadata(HTTP_METHOD, standingFunction(type, property)) as number | undefined;
}

/** What calls a method for Nest; undefined for methods that only the application calls. */
export function callerOf(type: Type, property: string | symbol): Caller | undefined {
  const standing = standingFunction(type, property);
  return CALLERS.find(([metadata]) => Reflect.hasMetadata(metadata, standing))?.[1];
}

/**
 * What the parameters of a method receive from its caller; nothing for methods that only the application calls.
 *
 * @param arity how many parameters it takes; only asked for where none of them has a decorator.
 */
export function calledParameters(type: Type, property: string | symbol, arity: number): CalledParameter[] {
  const caller = callerOf(type, property);
  if (caller === undefined) return [];
  const args: unknown = Reflect.getMetadata(ROUTE_ARGUMENTS, type, property);
  if (args === undefined) {
    return UNDECORATED[caller].slice(0, arity).map((kind) => ({ kind, data: undefined }));
  }
  // Keys look like '5:0', kind and position; those of custom decorators begin with a random text.
  return Object.entries(args as Record<string, { data?: unknown }>)
    .filter(([key]) => /^\d+:\d+$/.test(key))
    .map(([key, { data }]) => ({ kind: Number(key.split(':')[0]), data }));
}

/** Whether a route sends its response itself, and Nest does nothing with what it returns. */
export function leavesResponseToMethod(type: Type, property: string | symbol): boolean {
  if (callerOf(type, property) !== 'http') return false;
  const takes = calledParameters(type, property, 0).some(({ kind }) => kind === RESPONSE || kind === NEXT);
  return takes && Reflect.getMetadata(PASSTHROUGH, type, property) !== true;
}

/** Whether a route may set headers or the status of the response that Nest sends for it. */
export function setsResponse(type: Type, property: string | symbol): boolean {
  if (callerOf(type, property) !== 'http') return false;
  return calledParameters(type, property, 0).some(({ kind }) => kind === RESPONSE);
}

/** Whether a route is one of `@Sse()`. */
export function isEventStream(type: Type, property: string | symbol): boolean {
  return Reflect.getMetadata(SSE, standingFunction(type, property)) !== undefined;
}
