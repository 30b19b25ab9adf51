import { describe, expect, it } from '@jest/globals';
import { CacheBatch, Cacheable, CacheDefaults, CacheEvict, CachePut, CasUpdate } from '../../../lib/index.js';

describe('a text where options are meant', () => {
  it.each([
    [Cacheable, "@Cacheable('product'): write @Cacheable({ key: 'product:{0}' })"],
    [CacheBatch, "@CacheBatch('product'): write @CacheBatch({ key: 'product:{0}' })"],
    [CachePut, "@CachePut('product'): write @CachePut({ key: 'product:{0}' })"],
    [CacheEvict, "@CacheEvict('product'): write @CacheEvict({ key: 'product:{0}' })"],
    [CasUpdate, "@CasUpdate('product'): write @CasUpdate({ key: 'product:{0}' })"],
    [CacheDefaults, "@CacheDefaults('product'): write @CacheDefaults({ prefix: 'product:' })"],
  ])('is refused when the class is defined: %p', (decorator, message) => {
    const define = decorator as unknown as (text: string) => unknown;
    expect(() => define('product')).toThrow(message);
  });
});
