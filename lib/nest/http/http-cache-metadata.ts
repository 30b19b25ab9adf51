import 'reflect-metadata';
import type { HttpCacheOptions } from './http-cache-options.js';

/** Under which a route, or the class of many, keeps its `HttpCacheOptions`. */
export const HTTP_CACHE = 'nestjs-memcached:http';

/** The options of a route: its own, or those of its class. */
export function optionsOfRoute(type: object, handler: object): HttpCacheOptions | undefined {
  return (Reflect.getMetadata(HTTP_CACHE, handler) ?? Reflect.getMetadata(HTTP_CACHE, type)) as
    HttpCacheOptions | undefined;
}
