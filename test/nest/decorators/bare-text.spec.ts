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

  it('is taken as it is where it ends like a key or a prefix', () => {
    expect(() => CacheDefaults('product:' as never)).toThrow("write @CacheDefaults({ prefix: 'product:' })");
    expect(() => Cacheable('product:' as never)).toThrow("write @Cacheable({ key: 'product:{0}' })");
  });
});

describe('what is no object where options are meant', () => {
  it.each([Cacheable, CacheBatch, CachePut, CacheEvict, CasUpdate])(
    'is refused when the class is defined: %p',
    (decorator) => {
      const define = decorator as unknown as (given: unknown) => unknown;
      const wanted = `@${decorator.name}: expected an object such as { key: 'product:{0}' }, got`;
      expect(() => define([])).toThrow(`${wanted} an array`);
      expect(() => define(60)).toThrow(`${wanted} 60`);
      expect(() => define(null)).toThrow(`${wanted} null`);
    },
  );
});
