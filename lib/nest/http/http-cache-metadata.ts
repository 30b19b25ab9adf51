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
  if (Reflect.hasMetadata(HTTP_CACHE, type)) return true;
  for (
    let owner = type.prototype as object | null;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object
  ) {
    const methods = Object.values(Object.getOwnPropertyDescriptors(owner)).map(
      ({ value }) => value as unknown,
    );
    if (methods.some((method) => typeof method === 'function' && Reflect.hasMetadata(HTTP_CACHE, method)))
      return true;
  }
  return false;
}
