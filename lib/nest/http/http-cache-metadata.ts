import type { Type } from '@nestjs/common';
import 'reflect-metadata';
import type { HttpCacheOptions } from '../../options/http-cache-options.js';

/** Under which a route, or the class of many, keeps its `HttpCacheOptions`. */
export const HTTP_CACHE = 'nestjs-memcached:http';

// Nest keeps the path of a route under its own name, the same in versions 11 and 12, and copies it to the handler it makes.
const PATH = 'path';

/** The options of a route: its own, or those of its class. */
export function optionsOfRoute(type: object, handler: object): HttpCacheOptions<never> | undefined {
  return (Reflect.getMetadata(HTTP_CACHE, handler) ?? Reflect.getMetadata(HTTP_CACHE, type)) as
    HttpCacheOptions<never> | undefined;
}

/** Whether a class, or one of its methods, has such options. */
export function hasCachedRoutes(type: Type): boolean {
  return Reflect.hasMetadata(HTTP_CACHE, type) || hasRoute(type, () => true);
}

/** Whether hits of some routes of a class may be answered early. */
export function mayHaveEarlyRoutes(type: Type): boolean {
  return isEarlyByClass(type) || hasRoute(type, (method) => mayBeEarly(optionsOf(method)));
}

/** Whether they may be by the options of the class. */
export function isEarlyByClass(type: Type): boolean {
  return mayBeEarly(optionsOf(type));
}

/**
 * Whether hits may be answered early in front of a handler that Nest has made.
 *
 * @param byClass whether there are classes whose options say so of all their routes.
 */
export function isInFrontOf(handler: object, byClass: boolean): boolean {
  const options = optionsOf(handler);
  return options === undefined ? byClass && Reflect.hasMetadata(PATH, handler) : mayBeEarly(options);
}

/** Whether a method's options say that its hits are answered early, so that the application is not to start otherwise. */
export function isSaidToBeEarly(handler: object): boolean {
  return (earliness(handler) ?? false) !== false;
}

/** Whether they are answered in front of all middleware. */
export function isBeforeMiddleware(handler: object): boolean {
  return earliness(handler) === 'before-middleware';
}

function earliness(handler: object): HttpCacheOptions['early'] {
  return optionsOf(handler)?.early;
}

function mayBeEarly(options: HttpCacheOptions | undefined): boolean {
  return options?.audience === 'everyone' && options.early !== false;
}

function optionsOf(target: object): HttpCacheOptions | undefined {
  return Reflect.getMetadata(HTTP_CACHE, target) as HttpCacheOptions | undefined;
}

/** Whether one of a class's methods has such options, and is one of those that are meant. */
export function hasRoute(type: Type, isMeant: (method: object) => boolean): boolean {
  for (
    let owner = type.prototype as object | null;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object
  ) {
    const methods = Object.values(Object.getOwnPropertyDescriptors(owner)).map(
      ({ value }) => value as unknown,
    );
    if (methods.some((method) => isRoute(method) && isMeant(method))) return true;
  }
  return false;
}

function isRoute(method: unknown): method is object {
  return typeof method === 'function' && Reflect.hasMetadata(HTTP_CACHE, method);
}
