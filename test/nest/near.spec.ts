import { describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, Param } from '@nestjs/common';
import {
  Cacheable,
  CacheBatch,
  CacheEvict,
  HttpCache,
  MemcachedClient,
  MemcachedHealthIndicator,
  MemcachedService,
} from '../../lib/index.js';
import { Catalogue } from '../docs/snippets/near-cache.js';
import { httpApp, PLATFORMS, type HttpApp } from './support/http-apps.js';

jest.setTimeout(60_000);

@Injectable()
class Products {
  calls = 0;

  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<{ id: number }> {
    this.calls += 1;
    return { id };
  }

  @CacheBatch({ key: 'product:{0}', returns: 'map' })
  async findMany(ids: number[]): Promise<Map<number, { id: number }>> {
    return new Map(ids.map((id) => [id, { id }]));
  }

  @Cacheable({ key: 'fresh:{0}', near: false })
  async fresh(id: number): Promise<{ id: number }> {
    return { id };
  }

  @CacheEvict({ key: 'product:{0}' })
  async rename(_id: number): Promise<void> {}
}

@Controller()
class ProductsController {
  runs = 0;

  @Get('pages/:id')
  @HttpCache({ audience: 'everyone', maxAge: '1s', near: '10s' })
  page(@Param('id') id: string): { id: string } {
    this.runs += 1;
    return { id };
  }
}

/** Until a near cache has begun to serve what it is asked for. */
async function served(memcached: MemcachedService, read: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const before = memcached.near!.hits;
    await read();
    await read();
    if (memcached.near!.hits >= before + 2) return;
  }
}

async function start(platform: (typeof PLATFORMS)[number]): Promise<HttpApp> {
  const http = await httpApp(platform, {
    controllers: [ProductsController],
    providers: [Products, Catalogue],
    memcached: { cache: { near: { maxAge: '10s' } } },
  });
  // There have been near caches for hours.
  await using client = new MemcachedClient({ servers: http.servers });
  await client.set('~near', 'mark', { ttl: '20h' });
  return http;
}

describe.each(PLATFORMS)('the near cache of an application on %s', (platform) => {
  it('serves decorated methods and routes, and forgets what is evicted', async () => {
    await using http = await start(platform);
    const memcached = http.app.get(MemcachedService);
    const products = http.app.get(Products);
    await served(memcached, () => products.find(7));
    expect(await products.find(7)).toEqual({ id: 7 });
    const { hits } = memcached.near!;
    expect(await products.findMany([7, 8])).toEqual(new Map([7, 8].map((id) => [id, { id }])));
    expect(memcached.near!.hits).toBe(hits + 1);
    (await products.find(7)).id = 9;
    expect(await products.find(7)).toEqual({ id: 7 });
    const { calls } = products;
    await products.rename(7);
    await products.find(7);
    expect(products.calls).toBe(calls + 1);
    await served(memcached, () => http.get('/pages/3'));
    expect((await http.get('/pages/3')).body).toEqual({ id: '3' });
    expect(http.app.get(ProductsController).runs).toBe(1);
  });

  it('is none for who says so, and is told by reports and health', async () => {
    await using http = await start(platform);
    const memcached = http.app.get(MemcachedService);
    const products = http.app.get(Products);
    await served(memcached, () => http.app.get(Catalogue).all());
    const before = memcached.near!.hits;
    for (let read = 0; read < 5; read += 1) await products.fresh(1);
    expect(memcached.near!.hits).toBe(before);
    const { near } = await memcached.report();
    expect(near).toMatchObject({ items: 1, hits: expect.any(Number), epochAgeMs: expect.any(Number) });
    expect(near!.bytes).toBeGreaterThan(300);
    const { cache } = await http.app.get(MemcachedHealthIndicator).clusterCheck('cache');
    expect(cache.near).toMatchObject({ items: 1 });
    await http.app.get(Catalogue).add('pot');
    expect(await http.app.get(Catalogue).all()).toContain('pot');
  });
});

it('is refused where a method asks for it, and the module has none', async () => {
  await expect(httpApp('express', { controllers: [], providers: [Catalogue] })).rejects.toThrow(
    /near: there is no near cache/,
  );
});
