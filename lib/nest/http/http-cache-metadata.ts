import type { Type } from '@nestjs/common';
import 'reflect-metadata';
import type { HttpCacheOptions } from '../../options/http-cache-options.js';

/** Under which a route, or the class of many, keeps its `HttpCacheOptions`. */
export const HTTP_CACHE = 'nestjs-memcached:http';

/** The options of a route: its own, or those of its class. */
export function optionsOfRoute(type: object, handler: object): HttpCacheOptions<never> | undefined {
  return (Reflect.getMetadata(HTTP_CACHE, handler) ?? Reflect.getMetadata(HTTP_CACHE, type)) as
    HttpCacheOptions<never> | undefined;
}

/** Whether a class, or one of its methods, has such options. */
export function hasCachedRoutes(type: Type): boolean {
  return Reflect.hasMetadata(HTTP_CACHE, type) || hasRoute(type, () => true);
}

/** Whether a method, or the handler that Nest has made of it, has options by which hits are answered early. */
export function isEarly(handler: object): boolean {
  return (earliness(handler) ?? false) !== false;
}

/** Whether they are answered in front of all middleware. */
export function isBeforeMiddleware(handler: object): boolean {
  return earliness(handler) === 'before-middleware';
}

function earliness(handler: object): HttpCacheOptions['early'] {
  return (Reflect.getMetadata(HTTP_CACHE, handler) as HttpCacheOptions | undefined)?.early;
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
