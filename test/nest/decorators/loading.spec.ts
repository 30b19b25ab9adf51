import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  type BatchContext,
  Cacheable,
  CacheBatch,
  CacheEvict,
  type LoadContext,
  Loading,
  MemcachedModule,
  MemcachedService,
} from '../../../lib/index.js';
import { boot } from '../support/boot.js';
import { onEmbeddedServer } from '../support/embedded.js';

@Injectable()
class Products {
  readonly loads: unknown[] = [];

  @Cacheable({ ttl: '1m' })
  async find(id: number, @Loading() load?: LoadContext): Promise<string> {
    this.loads.push(load?.stale);
    load?.tag(`author:${id % 2}`);
    if (load?.stale !== undefined) return load.unchanged();
    return `product ${id}, load ${this.loads.length}`;
  }

  @Cacheable({ key: 'draft:{0}', ttl: '1m' })
  async draft(id: number, @Loading() load?: LoadContext): Promise<number> {
    this.loads.push(load?.signal instanceof AbortSignal);
    load?.skip();
    return id;
  }

  @Cacheable({ key: 'all', ttl: '1m' })
  async all(@Loading() load?: LoadContext): Promise<number> {
    load?.setTtl('1h');
    return 1;
  }

  @CacheBatch({ key: 'many:{0}', ttl: '1m' })
  async many(ids: readonly number[], @Loading() load?: BatchContext): Promise<string[]> {
    this.loads.push(ids);
    load?.tag('many');
    return ids.map(String);
  }
}

@Controller()
class Pages {
  @Get('pages/:id')
  @Cacheable({ ttl: '1m' })
  async page(@Param('id') id: string, @Loading() load?: LoadContext): Promise<{ id: string; told: boolean }> {
    return { id, told: load !== undefined };
  }
}

const at = onEmbeddedServer(async (servers) => {
  const module = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers, commandTimeout: '30s', connectTimeout: '30s' })],
    controllers: [Pages],
    providers: [Products],
  }).compile();
  return module.createNestApplication().init();
});

const setUp = () => {
  const products = at.app.get(Products);
  products.loads.length = 0;
  return { products, service: at.app.get(MemcachedService) };
};

describe('@Loading()', () => {
  it('tags values, and is no part of the default key', async () => {
    const { products, service } = setUp();
    // The first load that names a tag which memcached has never seen is not stored.
    await products.find(7);
    await products.find(7);
    await products.find(7);
    expect(products.loads).toHaveLength(2);
    await service.invalidateTags('author:0');
    await products.find(7);
    expect(products.loads).toHaveLength(2);
    await service.invalidateTags('author:1');
    await products.find(7);
    expect(products.loads).toHaveLength(3);
  });

  it('has the stale value, and keeps it as a fresh one', async () => {
    const { products, service } = setUp();
    await products.find(8);
    const stored = await products.find(8);
    await service.invalidateTags('author:0', { soft: '1h' });
    expect(await products.find(8)).toBe(stored);
    while (products.loads.length < 3) await new Promise(setImmediate);
    expect(products.loads.at(-1)).toBe(stored);
    expect(await products.find(8)).toBe(stored);
  });

  it('has a signal, and skips', async () => {
    const { products } = setUp();
    await products.draft(1);
    await products.draft(1);
    expect(products.loads).toEqual([true, true]);
  });

  it('sets the ttl; a method without other parameters may have a key of no placeholders', async () => {
    const { products, service } = setUp();
    await products.all();
    const { ttl = 0 } = (await service.lookup('all')) as { ttl?: number };
    expect(ttl).toBeGreaterThan(60_000);
  });

  it('tags the values of a batch', async () => {
    const { products, service } = setUp();
    await products.many([1, 2]);
    await products.many([1, 2]);
    await products.many([1, 2]);
    expect(products.loads).toHaveLength(2);
    await service.invalidateTags('many');
    await products.many([1, 2]);
    expect(products.loads).toHaveLength(3);
  });

  it('works on a route', async () => {
    setUp();
    for (const _ of ['miss', 'hit']) {
      const { body } = await request(at.app.getHttpServer() as never).get('/pages/7');
      expect(body).toEqual({ id: '7', told: true });
    }
  });

  it('is undefined where there is no cache', async () => {
    const products = new Products();
    await expect(products.find(7)).resolves.toBe('product 7, load 1');
    expect(products.loads).toEqual([undefined]);
  });

  it('is refused at boot on a method that nothing is loaded by', async () => {
    @Injectable()
    class Wrong {
      @CacheEvict({ key: 'product:{0}' })
      async rename(_id: number, @Loading() _load?: LoadContext): Promise<void> {}
    }
    await expect(boot({ providers: [Wrong] })).rejects.toThrow(
      'Wrong.rename @CacheEvict: @Loading() marks a parameter that nobody fills; it belongs to a method with @Cacheable or ' +
        '@CacheBatch',
    );
  });

  it('is refused twice on one method', () => {
    expect(() => {
      class Twice {
        @Cacheable({ key: 'k:{0}' })
        async find(
          _id: number,
          @Loading() _one?: LoadContext,
          @Loading() _two?: LoadContext,
        ): Promise<void> {}
      }
      return Twice;
    }).toThrow('Twice.find @Loading(): two parameters are marked, the load is handed to one');
  });
});
