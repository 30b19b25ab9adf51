import type { Type } from '@nestjs/common';
import type { CachePolicy, Ttl } from '../../options/cache-options.js';
import { setClassDefaults } from '../methods/class-defaults.js';
import type { ClassesOption } from './method-types.js';
import type { VaryBy } from '../../options/vary-by.js';
import { declareHost } from '../methods/stub.js';

/**
 * What all decorated methods of a class have in common; a method's own options win. Beside what stands here, a policy
 * (`grace`, `lease`, `refreshAhead`, …) for those that store what they compute.
 */
export interface CacheDefaultsOptions extends Omit<CachePolicy, 'ttl' | 'tags' | 'signal'> {
  /**
   * Stands before every key of the class, default keys included; not before tags.
   *
   * @default ''
   */
  prefix?: string;

  /**
   * How long values are fresh.
   *
   * @default the module's `cache.ttl`
   */
  ttl?: Ttl;

  /** Classes whose instances the values are or hold; see `@Cacheable`. */
  types?: ClassesOption;

  /**
   * What all results depend on beside the arguments; see `@Cacheable`.
   *
   * @default []
   */
  varyBy?: readonly VaryBy[];

  /**
   * Name of the `MemcachedModule`.
   *
   * @default the module without a name
   */
  name?: string;
}

/**
 * Says for all decorated methods of a class what they have in common; subclasses inherit it, option by option.
 *
 * @example
 * @CacheDefaults({ prefix: 'shop:', ttl: '10m', varyBy: ['tenant'] })
 * @Injectable()
 * export class ProductService { … }
 */
export function CacheDefaults(options: CacheDefaultsOptions): ClassDecorator {
  return (type) => {
    setClassDefaults(type, options);
    if (options.name !== undefined) declareHost((type as unknown as Type).prototype as object, options.name);
  };
}
