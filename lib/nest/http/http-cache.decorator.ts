import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { DecoratorError } from '../../errors.js';
import type { HttpCacheOptions, HttpRequest } from '../../options/http-cache-options.js';
import { HttpCacheInterceptor } from './http-cache.interceptor.js';
import { HTTP_CACHE } from './http-cache-metadata.js';

/**
 * Stores a route's whole answer: status, the headers that the method sets, and the body; answers conditional requests by
 * 304, and says by `Cache-Control`, `Age`, `ETag`, `Vary` and `Cache-Status` what browsers and proxies may do with it.
 *
 * For GET and HEAD. On a controller, for all of its routes that can be cached; a method's own options stand in place of its
 * class's. Guards have run before; interceptors further in, pipes and the method itself run only for what is not stored.
 * Never stores an answer that sets a cookie, an error, a part, a stream, or one that says `Vary: *`; nor does a request
 * with `Cache-Control: no-store` leave anything behind. That a browser asks for a fresh answer (`no-cache`) does not make
 * the method run: what is stored here is invalidated by the application, and not by whoever presses reload.
 *
 * @throws {DecoratorError} at boot on a route whose answer cannot be stored.
 * @see RFC 9111 (HTTP Caching), RFC 9110 (HTTP Semantics)
 * @example
 * @Get()
 * @HttpCache({ audience: 'everyone', ttl: '5m', vary: ['accept-language'], tags: ['products'] })
 * list(@Query('page') page: number) { … }
 */
export function HttpCache<R = HttpRequest>(options: HttpCacheOptions<R>): ClassDecorator & MethodDecorator {
  // Left out in JavaScript, they are asked for when the application starts.
  const given = (options as HttpCacheOptions<R> | undefined) ?? {};
  if (typeof given === 'function' || Object.hasOwn(given, 'constructor')) {
    throw new DecoratorError(
      "@HttpCache takes its options in parentheses: @HttpCache({ audience: 'everyone', ttl: '5m' })",
    );
  }
  return applyDecorators(SetMetadata(HTTP_CACHE, given), UseInterceptors(HttpCacheInterceptor));
}
