import type { Type } from '@nestjs/common';
import type { CacheDefaultsOptions } from '../../options/cache-defaults-options.js';
import { refuseBareText } from '../../options/decorator-options.js';
import { setClassDefaults } from '../methods/class-defaults.js';
import { declareHost } from '../methods/method-wrapper.js';

/**
 * Says for all decorated methods of a class what they have in common; subclasses inherit it, option by option.
 *
 * @example
 * @CacheDefaults({ prefix: 'shop:', ttl: '10m', varyBy: ['tenant'] })
 * @Injectable()
 * export class ProductService { … }
 */
export function CacheDefaults(options: CacheDefaultsOptions): ClassDecorator {
  refuseBareText('@CacheDefaults', options, 'prefix');
  return (type) => {
    setClassDefaults(type, options);
    if (options.name !== undefined) declareHost((type as unknown as Type).prototype as object, options.name);
  };
}
