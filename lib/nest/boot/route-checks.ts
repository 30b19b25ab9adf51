import { RequestMethod, type Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import 'reflect-metadata';
import { MemcachedError } from '../../errors.js';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import {
  httpMethod,
  EVENTS_ARE_STREAMED,
  isEventStream,
  leavesResponseToMethod,
  RESPONSE_IS_TAKEN,
  standingFunction,
} from '../methods/nest-metadata.js';
import { isAsyncGenerator } from '../methods/streams.js';
import { obstaclesToEarlyHits } from '../http/early-obstacles.js';
import { HTTP_CACHE, isSaidToBeEarly } from '../http/http-cache-metadata.js';
import { HttpCacheInterceptor } from '../http/http-cache.interceptor.js';
import { type HttpCacheOptions, readHttpCacheOptions } from '../../options/http-cache-options.js';

const CACHED_METHODS: ReadonlySet<number> = new Set([
  RequestMethod.GET,
  RequestMethod.HEAD,
  RequestMethod.ALL,
]);

/** Classes of what can be read once. */
const STREAMS: ReadonlySet<string> = new Set(['StreamableFile', 'Readable', 'ReadableStream']);

const READ_ONCE = 'which can be read once and not be stored; return a Buffer or a text, or leave it uncached';

/** The module instances by which the routes of a controller are cached, and who names each: class, method and decorator. */
export function instancesOfRoutes(type: Type): { readonly instance: string; readonly place: string }[] {
  const ofClass = Reflect.getMetadata(HTTP_CACHE, type) as HttpCacheOptions | undefined;
  const ofType = ofClass === undefined ? [] : [{ options: ofClass, place: `${type.name} @HttpCache` }];
  return [...ofType, ...markedRoutesOf(type)].map(({ options, place }) => ({
    instance: instanceOf(options),
    place,
  }));
}

/**
 * Looks for routes with `@HttpCache` whose answers cannot be cached.
 *
 * @param type a controller.
 * @param instance name of the module instance that is looked after.
 * @returns one sentence for each mistake: class, method and decorator, what is wrong, and its mend.
 */
export function mistakesOfRoutes(
  type: Type,
  instance: string,
  cache: ModuleCache,
  modules: ModuleRef,
): string[] {
  const ofClass = Reflect.getMetadata(HTTP_CACHE, type) as HttpCacheOptions | undefined;
  return [
    ...(ofClass === undefined ? [] : mistakesInClass(ofClass, `${type.name} @HttpCache`, instance, cache)),
    ...markedRoutesOf(type).flatMap(({ property, handler, options, place }) => {
      if (instanceOf(options) !== instance) return [];
      const ofRoute = unfitness(type, property);
      if (isSaidToBeEarly(handler))
        ofRoute.push(...obstaclesToEarlyHits(type, handler, modules, HttpCacheInterceptor));
      return [
        ...ofRoute.map((mistake) => `${place}: ${mistake}`),
        ...mistakesIn(options, place, instance, cache),
      ];
    }),
  ];
}

/** The methods that bear the decorator themselves. */
function markedRoutesOf(type: Type): MarkedRoute[] {
  return propertiesOf(type).flatMap((property) => {
    const handler = standingFunction(type, property);
    const options = Reflect.getMetadata(HTTP_CACHE, handler) as HttpCacheOptions | undefined;
    const place = `${type.name}.${String(property)} @HttpCache`;
    return options === undefined ? [] : [{ property, handler, options, place }];
  });
}

interface MarkedRoute {
  readonly property: string | symbol;
  readonly handler: ReturnType<typeof standingFunction>;
  readonly options: HttpCacheOptions;
  /** Class, method and decorator. */
  readonly place: string;
}

function mistakesInClass(
  options: HttpCacheOptions,
  place: string,
  instance: string,
  cache: ModuleCache,
): string[] {
  if (instanceOf(options) !== instance || (options.early ?? false) === false)
    return mistakesIn(options, place, instance, cache);
  return [`${place}: 'early' is said of routes, one by one; write @HttpCache({ …, early: true }) on methods`];
}

function mistakesIn(
  options: HttpCacheOptions,
  place: string,
  instance: string,
  cache: ModuleCache,
): string[] {
  if (instanceOf(options) !== instance) return [];
  try {
    const { policy, varyBy } = readHttpCacheOptions(options, place);
    cache.policy(policy, place);
    for (const source of varyBy) if (typeof source === 'string') cache.varySource(source);
    return [];
  } catch (error) {
    if (!(error instanceof MemcachedError)) throw error;
    return [error.message.startsWith(place) ? error.message : `${place}: ${error.message}`];
  }
}

function instanceOf({ name }: HttpCacheOptions): string {
  return name ?? DEFAULT_NAME;
}

/** Why the answers of a method cannot be cached, whatever its options. */
function unfitness(type: Type, property: string | symbol): string[] {
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
    mistakes.push(EVENTS_ARE_STREAMED);
  }
  if (isAsyncGenerator(standingFunction(type, property))) {
    mistakes.push(`it returns an async generator, ${READ_ONCE}`);
  }
  const returned = Reflect.getMetadata('design:returntype', type.prototype as object, property) as
    Type | undefined;
  if (returned !== undefined && STREAMS.has(returned.name)) {
    mistakes.push(`it returns a ${returned.name}, ${READ_ONCE}`);
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
