import { LOADING_PARAMETER, markedParameter } from '../methods/marked-parameter.js';

/**
 * Marks the parameter through which a `@Cacheable` or `@CacheBatch` method receives the `LoadContext` (`BatchContext`): what
 * a loader of `getOrSet` gets to know, and may say about the value. It is `undefined` where the method runs uncached.
 *
 * Callers leave it out; so it is best the last one, and optional. It is no part of default keys.
 *
 * @throws {DecoratorError} when a method has two of them.
 * @example
 * class Products {
 *   @Cacheable({ key: 'product:{0}' })
 *   async find(id: number, @Loading() load?: LoadContext): Promise<Product> {
 *     const product = await this.shop.find(id, { signal: load?.signal });
 *     load?.tag(`author:${product.author}`);
 *     return product;
 *   }
 * }
 */
export function Loading(): ParameterDecorator {
  return markedParameter('@Loading()', LOADING_PARAMETER, 'load');
}
