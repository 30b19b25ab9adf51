import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { CACHE_DEFAULTS, type CacheDefaultsShape } from '../../options/cache-defaults-options.js';
import { readOptions } from '../../options/decorator-options.js';
import { DEFAULT_NAME } from '../instance/module-name.js';

/** Where a class keeps what its `@CacheDefaults` says. */
const DEFAULTS = 'nestjs-memcached:defaults';

/** What a class says for all its decorated methods, its parents' words included. */
export interface ClassDefaults extends CacheDefaultsShape {
  /** For `@Cacheable`, `@CacheBatch` and `@CachePut`; their own options win. */
  readonly policy: object;
}

/** Writes down what a class says; read when its methods are compiled. */
export function setClassDefaults(type: object, options: object): void {
  Reflect.defineMetadata(DEFAULTS, options, type);
}

/** The module instance that methods of a class use where they name none. */
export function instanceOfClass(type: Type): string {
  return (written(type) as { name?: string }).name ?? DEFAULT_NAME;
}

/**
 * Reads what a class and its parents say; the nearest wins, option by option.
 *
 * @throws {InvalidOptionsError} with the class at the beginning of the path.
 */
export function readClassDefaults(type: Type): ClassDefaults {
  const place = `${type.name} @CacheDefaults`;
  const { own, rest } = readOptions<CacheDefaultsShape>(written(type), place, CACHE_DEFAULTS);
  return { ...own, policy: rest };
}

function written(type: Type): object {
  const layers: object[] = [];
  for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    layers.unshift((Reflect.getOwnMetadata(DEFAULTS, owner) as object | undefined) ?? {});
  }
  return Object.assign({}, ...layers) as object;
}
