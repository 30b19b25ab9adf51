import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { CachePolicy } from '../../options/cache-options.js';
import { hasLastPart } from '../../options/cache-policy.js';
import { CACHE_DEFAULTS, type CacheDefaultsShape } from '../../options/cache-defaults-options.js';
import { OF_READERS, readOptions } from '../../options/decorator-options.js';
import { readTtl } from '../../options/ttl-option.js';
import { DEFAULT_NAME } from '../../options/client-options.js';

/** Where a class keeps what its `@CacheDefaults` says. */
const DEFAULTS = 'nestjs-memcached:defaults';

/** Tags are of methods: those of a reader are what its writers are asked for. */
const POLICY_OF_CLASS = OF_READERS.filter((name) => name !== 'tags');

/** What a class says for all its decorated methods, its parents' words included. */
export interface ClassDefaults extends CacheDefaultsShape {
  /** For `@Cacheable`, `@CacheBatch` and `@CachePut`, whose own options win, and for new values of `@CasUpdate`. */
  readonly policy: CachePolicy<never>;
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
  const { own, rest } = readOptions<CacheDefaultsShape>(
    written(type),
    place,
    CACHE_DEFAULTS,
    POLICY_OF_CLASS,
  );
  return { ...own, policy: rest };
}

/**
 * A method's own policy over its class's, whose `refreshAhead` gives way to a ttl without a last part.
 *
 * @param place class, method and decorator, which begin the path of a wrong option.
 * @throws {InvalidOptionsError} when the method's ttl is none.
 */
export function policyOver(
  inherited: CachePolicy<never>,
  own: CachePolicy<never>,
  place: string,
): CachePolicy<never> {
  const policy = { ...inherited, ...own };
  if (!inherited.refreshAhead || own.refreshAhead !== undefined || own.ttl === undefined) return policy;
  const ttl = typeof own.ttl === 'function' ? own.ttl : readTtl(own.ttl, `${place}.ttl`);
  return hasLastPart(ttl) ? policy : { ...policy, refreshAhead: 0 };
}

function written(type: Type): object {
  const layers: object[] = [];
  for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    const said = Object.entries((Reflect.getOwnMetadata(DEFAULTS, owner) as object | undefined) ?? {});
    // What is undefined is not said.
    layers.unshift(Object.fromEntries(said.filter(([, value]) => value !== undefined)));
  }
  return Object.assign({}, ...layers) as object;
}
