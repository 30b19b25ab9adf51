import { describe, expect, it } from '@jest/globals';
import { MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { nightly } from './snippets/cache-lock.js';
import { productOfAuthor } from './snippets/cache-loader.js';
import { products } from './snippets/cache-many.js';
import { product } from './snippets/cache-read.js';
import { purchase } from './snippets/cache-update.js';
import { cachedPrices } from './snippets/cache-wrap.js';

const row = (id: number) => ({ id, author: 7, name: `product ${id}` });

describe('the page about the cache', () => {
  it('shows code that works', async () => {
    await using server = await MemcachedServer.start();
    const memcached = new MemcachedService({ servers: server.address });
    const queries: unknown[] = [];
    const shop = {
      find: (id: number) => {
        queries.push(id);
        return Promise.resolve(id > 100 ? null : row(id));
      },
      findMany: (ids: readonly number[]) => {
        queries.push(ids);
        return Promise.resolve(ids.map(row));
      },
      countOnShelf: (id: number) => {
        queries.push(id);
        return Promise.resolve(2);
      },
    };

    expect(await product(memcached, shop, 1)).toEqual(row(1));
    expect(await product(memcached, shop, 1)).toEqual(row(1));
    expect(await productOfAuthor(memcached, shop, 101)).toBeNull();
    expect([...(await products(memcached, shop, [1, 2, 3])).values()]).toEqual([row(1), row(2), row(3)]);
    expect(queries.splice(0)).toEqual([1, 101, [2, 3]]);

    const left = [await purchase(memcached, shop, 5), await purchase(memcached, shop, 5)];
    expect([...left, await purchase(memcached, shop, 5)]).toEqual([1, 0, 0]);
    expect(queries).toEqual([5]);

    const prices = cachedPrices(memcached);
    expect([await prices(7), await memcached.get('price:7')]).toEqual([700, 700]);

    const held = await nightly(memcached, async () => {
      expect(await nightly(memcached, () => Promise.resolve())).toBe(false);
    });
    expect(held).toBe(true);
    await memcached.close();
  });
});
