import { describe, expect, it } from '@jest/globals';
import { CacheDefaults } from '../../../lib/nest/decorators/cache-defaults.decorator.js';
import { CacheEvict } from '../../../lib/nest/decorators/cache-evict.decorator.js';
import { CachePut } from '../../../lib/nest/decorators/cache-put.decorator.js';
import { Cacheable } from '../../../lib/nest/decorators/cacheable.decorator.js';
import { RecordingCache } from '../support/recording-cache.js';

@CacheDefaults({ prefix: 'shop:', ttl: '10m', grace: '1m', varyBy: ['tenant'] })
class Products {
  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<number> {
    return id;
  }

  @Cacheable({ ttl: '1m', varyBy: [] })
  async count(): Promise<number> {
    return 1;
  }

  @CachePut({ key: 'product:{0}', ttl: '5m' })
  @CacheEvict({ keys: ['list'], tags: ['products'] })
  async save(id: number): Promise<number> {
    return id;
  }
}

@CacheDefaults({ prefix: 'toys:', name: 'toys' })
class Toys extends Products {}

const varyBy = { tenant: () => 'acme' };

describe('@CacheDefaults', () => {
  it('puts its prefix before every key but not before tags, and hands its policy to those that store', async () => {
    const cache = new RecordingCache();
    const products = cache.attach(new Products(), { varyBy });
    await products.find(1);
    await products.count();
    await products.save(2);
    expect(cache.log).toEqual([
      'load shop:product:1|acme',
      'load shop:Products.count()',
      'invalidate shop:list|acme',
      'invalidate tags products',
      'set shop:product:2|acme',
    ]);
    expect(cache.policies).toEqual([
      { ttl: '10m', grace: '1m' },
      { ttl: '1m', grace: '1m' },
      { ttl: '5m', grace: '1m' },
    ]);
  });

  it('is inherited, option by option, and may name the instance', async () => {
    const cache = new RecordingCache();
    const toys = cache.attach(new Toys(), { varyBy });
    await toys.find(1);
    expect(cache.log).toEqual([]);
    await cache.attach(toys, { varyBy, name: 'toys' }).find(1);
    await toys.count();
    expect(cache.log).toEqual(['load toys:product:1|acme', 'load toys:Toys/Products.count()']);
    expect(cache.policies[0]).toEqual({ ttl: '10m', grace: '1m' });
  });

  it('keeps what a parent says where an option is undefined', async () => {
    @CacheDefaults({ prefix: undefined, varyBy: undefined, name: undefined, ttl: undefined })
    class Games extends Toys {}
    const cache = new RecordingCache();
    await cache.attach(new Games(), { varyBy, name: 'toys' }).find(1);
    expect(cache.log).toEqual(['load toys:product:1|acme']);
    expect(cache.policies).toEqual([{ ttl: '10m', grace: '1m' }]);
  });

  it('names the class in the path of a wrong option', async () => {
    @CacheDefaults({ prefix: '' })
    class Wrong {
      @Cacheable()
      async find(): Promise<void> {}
    }
    await expect(new RecordingCache().attach(new Wrong()).find()).rejects.toThrow(
      'Wrong @CacheDefaults.prefix: expected a non-empty string',
    );
  });
});
