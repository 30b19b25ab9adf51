import { Inject, type InjectionToken } from '@nestjs/common';
import { DEFAULT_NAME } from '../options/client-options.js';
import { MemcachedClient } from '../client/client.js';
import { MemcachedService } from './memcached.service.js';

/**
 * The token under which a module instance provides its `MemcachedService`.
 *
 * @param name the `name` given to `MemcachedModule`; the instance without one is provided under the class itself.
 */
export function getMemcachedToken(name: string = DEFAULT_NAME): InjectionToken<MemcachedService> {
  return name === DEFAULT_NAME ? MemcachedService : Symbol.for(`nestjs-memcached:service:${name}`);
}

/**
 * Injects the `MemcachedService` of a module instance by its name.
 *
 * @example
 * constructor(@InjectMemcached('sessions') private readonly sessions: MemcachedService) {}
 */
export function InjectMemcached(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getMemcachedToken(name));
}

/**
 * The token under which a module instance provides its raw `MemcachedClient`, which shares the service's connections.
 *
 * @param name as in `getMemcachedToken`.
 */
export function getMemcachedClientToken(name: string = DEFAULT_NAME): InjectionToken<MemcachedClient> {
  return name === DEFAULT_NAME ? MemcachedClient : Symbol.for(`nestjs-memcached:client:${name}`);
}

/** Injects the raw `MemcachedClient` of a module instance by its name. */
export function InjectMemcachedClient(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getMemcachedClientToken(name));
}
