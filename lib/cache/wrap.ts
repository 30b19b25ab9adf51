import { InvalidOptionsError } from '../errors.js';
import type { CachePolicy } from '../options/cache-options.js';
import { checkObject, func } from '../options/schema.js';
import type { CacheEngine } from './cache-engine.js';
import { checkFunction } from './cache-key.js';

/**
 * A function whose results are cached, for code without classes: what `@Cacheable` is to a method.
 *
 * @param cache the service, or a `CacheEngine` without Nest.
 * @returns a function of the same parameters; everything that `getOrSet` promises holds for its calls.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 * @example
 * const findPrice = wrap(memcached, (id: number) => database.price(id), { key: (id) => `price:${id}`, ttl: '5m' });
 */
export function wrap<Args extends unknown[], V>(
  cache: Pick<CacheEngine, 'getOrSet' | 'policy'>,
  load: (...args: Args) => V | Promise<V>,
  options: WrapOptions<Args, V>,
): (...args: Args) => Promise<V> {
  checkFunction(load, 'wrap', 'whose results are cached');
  checkObject(options, 'wrap', "{ key: (id) => 'product:' + id }");
  const { key: given, ...policy } = options;
  const key = func<WrapOptions<Args, V>['key']>()(given, 'wrap.key');
  if ('signal' in policy && policy.signal !== undefined) {
    throw new InvalidOptionsError(
      'wrap.signal',
      'gives up one call, and this is for all calls of the function',
    );
  }
  const resolved = cache.policy(policy, 'wrap');
  return async (...args) => cache.getOrSet<V>(key(...args), () => load(...args), resolved);
}

/** Options of `wrap`: a policy without a signal, which is one call's, and which key a call has. */
export interface WrapOptions<Args extends unknown[], V> extends Omit<CachePolicy<V>, 'signal'> {
  /** The key of a call: all that its result depends on. */
  key: (...args: Args) => string;
}
