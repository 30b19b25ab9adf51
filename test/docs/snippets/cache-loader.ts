import type { MemcachedService } from '../../../lib/index.js';

interface Product {
  readonly id: number;
  readonly author: number;
}

interface Shop {
  find(id: number, options?: { signal: AbortSignal }): Promise<Product | null>;
}

export function productOfAuthor(
  memcached: MemcachedService,
  shop: Shop,
  id: number,
): Promise<Product | null> {
  return memcached.getOrSet(`product:${id}`, async (ctx) => {
    const row = await shop.find(id, { signal: ctx.signal });
    if (row === null) ctx.setTtl('30s');
    else ctx.tag(`author:${row.author}`);
    return row;
  });
}
