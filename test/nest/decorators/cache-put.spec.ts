import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  CacheBatch,
  CacheDefaults,
  CacheEvict,
  CachePut,
  type MemcachedCacheOptions,
  CasUpdate,
  Current,
  DecoratorError,
  MemcachedModule,
  MemcachedService,
} from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { RecordingCache } from '../support/recording-cache.js';

interface Product {
  readonly id?: number;
  readonly hot?: boolean;
  readonly maker?: { readonly id: number };
}

describe('where values are refreshed ahead by default', () => {
  let server: MemcachedServer;
  let testing: TestingModule;
  afterEach(async () => {
    await testing.close();
    await server.close();
  });

  async function boot<T>(cache: MemcachedCacheOptions, type: Type<T>): Promise<T> {
    server = await MemcachedServer.start();
    testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address, cache })],
      providers: [type],
    }).compile();
    await testing.init();
    return testing.get(type);
  }

  const secondsLeft = async (key: string): Promise<number> => {
    const found = await testing.get(MemcachedService).lookup(key);
    return found.hit ? Math.ceil((found.ttl as number) / 1000) : NaN;
  };

  @Injectable()
  class Products {
    @CachePut<Products['save']>({ key: 'product:{0}', ttl: ({ hot }) => (hot === true ? '1s' : '10m') })
    async save(id: number, hot: boolean): Promise<Product> {
      return { id, hot };
    }

    @CachePut<Products['create']>({
      key: 'made:{result.id}',
      ttl: ({ hot }) => (hot === true ? '1s' : '10m'),
    })
    async create(id: number, hot: boolean): Promise<Product> {
      return { id, hot };
    }

    @CacheBatch<Products['many']>({ key: 'batch:{0}', ttl: () => '7m' })
    async many(ids: readonly number[]): Promise<number[]> {
      return [...ids];
    }

    @Cacheable({ key: 'short:{0}', ttl: '1s' })
    async short(id: number): Promise<number> {
      return id;
    }
  }

  @CacheDefaults({ refreshAhead: 0.1 })
  class OfItsClass extends Products {}

  it.each([
    ['the module', { refreshAhead: 0.1 }, Products],
    ['the class', {}, OfItsClass],
  ])('by %s, a ttl that has no last part is refreshed at its end', async (_who, cache, type) => {
    const products = await boot<Products>(cache, type);
    expect(await products.save(1, false)).toEqual({ id: 1, hot: false });
    expect(await products.save(2, true)).toEqual({ id: 2, hot: true });
    await products.create(3, false);
    await products.create(4, true);
    expect(await products.many([1])).toEqual([1]);
    expect(await products.short(1)).toBe(1);
    expect(await secondsLeft('product:1')).toBeGreaterThan(590);
    expect(await secondsLeft('made:3')).toBeGreaterThan(590);
    expect(await secondsLeft('product:2')).toBeLessThan(3);
    expect(await secondsLeft('batch:1')).toBeGreaterThan(410);
    const memcached = testing.get(MemcachedService);
    await expect(memcached.set('k', 1, { ttl: () => '1m' })).resolves.toBe(true);
  });

  it('a policy that asks for both is refused as ever', async () => {
    await boot({}, Products);
    const memcached = testing.get(MemcachedService);
    await expect(memcached.set('k', 1, { ttl: () => '1m', refreshAhead: 0.1 })).rejects.toThrow(
      'policy.refreshAhead: is a fraction of the ttl',
    );
    await expect(memcached.set('k', 1, { ttl: '1s', refreshAhead: 0.1 })).rejects.toThrow(
      "policy.refreshAhead: needs a ttl of at least '2s'",
    );
  });
});

describe('where no key can be made', () => {
  class Products {
    readonly ran: string[] = [];

    @CachePut({ key: 'product:{0.maker.id}' })
    async save(product: Product): Promise<Product> {
      this.ran.push('save');
      return product;
    }

    @CachePut({ key: 'product:{result.maker.id}' })
    async create(product: Product): Promise<Product> {
      this.ran.push('create');
      return product;
    }

    @CachePut({ key: 'tagged:{0.id}', tags: ['maker:{0.maker.id}'] })
    async tag(product: Product): Promise<Product> {
      this.ran.push('tag');
      return product;
    }

    @CachePut({ key: 'tagged:{result.id}', tags: ['maker:{result.maker.id}'] })
    async tagResult(product: Product): Promise<Product> {
      this.ran.push('tagResult');
      return product;
    }

    @CachePut({ key: 'varied:{result.id}', varyBy: ['tenant'] })
    async vary(product: Product): Promise<Product> {
      this.ran.push('vary');
      return product;
    }

    @CacheEvict({ keys: ['product:{0.maker.id}', 'list'] })
    async remove(_product: Product): Promise<void> {
      this.ran.push('remove');
    }

    @CasUpdate({ key: 'count:{0.maker.id}' })
    async count(_product: Product, @Current() count = 0): Promise<number> {
      this.ran.push('count');
      return count + 1;
    }
  }

  const setUp = (): { cache: RecordingCache; products: Products } => {
    const cache = new RecordingCache();
    return { cache, products: cache.attach(new Products(), { varyBy: { tenant: () => undefined } }) };
  };

  it.each(['save', 'create'] as const)('@CachePut runs uncached, and says so once: %s', async (method) => {
    const { cache, products } = setUp();
    for (let time = 0; time < 2; time += 1) expect(await products[method]({ id: 7 })).toEqual({ id: 7 });
    expect(products.ran).toEqual([method, method]);
    expect(cache.log).toEqual([]);
    expect(cache.warnings).toEqual([
      expect.stringMatching(
        `^Products.${method} @CachePut: key .* is undefined.*Such calls run uncached; said once.$`,
      ),
    ]);
    await products[method]({ maker: { id: 3 } });
    expect(cache.log).toEqual(['set product:3']);
  });

  it.each(['tag', 'tagResult'] as const)(
    '@CachePut invalidates the value whose tags cannot be made: %s',
    async (method) => {
      const { cache, products } = setUp();
      expect(await products[method]({ id: 7 })).toEqual({ id: 7 });
      expect(cache.log).toEqual(['invalidate tagged:7']);
      expect(cache.warnings).toHaveLength(1);
    },
  );

  it('a varyBy that is undefined is told before the method acts', async () => {
    const { products } = setUp();
    await expect(products.vary({ id: 7 })).rejects.toThrow(
      "Products.vary @CachePut: varyBy 'tenant' is undefined",
    );
    expect(products.ran).toEqual([]);
  });

  it.each(['remove', 'count'] as const)(
    '@CacheEvict and @CasUpdate, which need theirs, refuse the call before the method acts: %s',
    async (method) => {
      const { cache, products } = setUp();
      await expect(products[method]({ id: 7 })).rejects.toThrow(DecoratorError);
      expect(products.ran).toEqual([]);
      expect(cache.log).toEqual([]);
    },
  );
});
