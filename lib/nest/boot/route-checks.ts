import { RequestMethod, type Type } from '@nestjs/common';
import 'reflect-metadata';
import { MemcachedError } from '../../errors.js';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME } from '../instance/module-name.js';
import {
  httpMethod,
  isEventStream,
  leavesResponseToMethod,
  RESPONSE_IS_TAKEN,
  standingFunction,
} from '../methods/nest-metadata.js';
import { HTTP_CACHE } from '../http/http-cache-metadata.js';
import { type HttpCacheOptions, readHttpCacheOptions } from '../http/http-cache-options.js';

const CACHED_METHODS: ReadonlySet<number> = new Set([
  RequestMethod.GET,
  RequestMethod.HEAD,
  RequestMethod.ALL,
]);

/**
 * Looks for routes with `@HttpCache` whose answers cannot be cached.
 *
 * @param type a controller.
 * @param instance name of the module instance that is looked after.
 * @returns one sentence for each mistake: class, method and decorator, what is wrong, and its mend.
 */
export function mistakesOfRoutes(type: Type, instance: string, cache: ModuleCache): string[] {
  return propertiesOf(type).flatMap((property) => {
    const options = Reflect.getMetadata(HTTP_CACHE, standingFunction(type, property)) as
      HttpCacheOptions | undefined;
    if (options === undefined || (options.name ?? DEFAULT_NAME) !== instance) return [];
    const place = `${type.name}.${String(property)} @HttpCache`;
    return mistakesOfRoute(type, property, options, place, cache).map((mistake) =>
      mistake.startsWith(place) ? mistake : `${place}: ${mistake}`,
    );
  });
}

function mistakesOfRoute(
  type: Type,
  property: string | symbol,
  options: HttpCacheOptions,
  place: string,
  cache: ModuleCache,
): string[] {
  const method = httpMethod(type, property);
  const mistakes: string[] = [];
  if (method === undefined) {
    mistakes.push('it stands on a method that is no route; @Cacheable caches what methods return');
  } else if (!CACHED_METHODS.has(method)) {
    mistakes.push(
      `${RequestMethod[method]} changes something, or may; only answers to GET and HEAD are cached`,
    );
  }
  if (leavesResponseToMethod(type, property)) mistakes.push(RESPONSE_IS_TAKEN);
  if (isEventStream(type, property)) {
    mistakes.push('@Sse() streams events, which cannot be stored; cache what the events are made of');
  }
  try {
    cache.policy(readHttpCacheOptions(options, place).policy, place);
    // With versions told by a header, two routes of one name may have the same path.
    cache.claimName(type);
  } catch (error) {
    if (!(error instanceof MemcachedError)) throw error;
    mistakes.push(error.message);
  }
  return mistakes;
}

/** Names of the methods of a class, inherited ones included. */
function propertiesOf(type: Type): (string | symbol)[] {
  const names = new Set<string | symbol>();
  for (
    let owner = type.prototype as object | null;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object
  ) {
    if (owner === Object.prototype) break;
    for (const name of Reflect.ownKeys(owner)) {
      if (typeof Object.getOwnPropertyDescriptor(owner, name)?.value === 'function') names.add(name);
    }
  }
  return [...names].filter((name) => name !== 'constructor');
}
