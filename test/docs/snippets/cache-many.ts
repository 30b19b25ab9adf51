import type { MemcachedService } from '../../../lib/index.js';

interface Product {
  readonly id: number;
  readonly name: string;
}

interface Shop {
  findMany(ids: readonly number[]): Promise<Product[]>;
}

export function products(
  memcached: MemcachedService,
  shop: Shop,
  ids: number[],
): Promise<Map<number, Product>> {
  return memcached.getOrSetMany(
    ids,
    (id) => `product:${id}`,
    async (missing) => new Map((await shop.findMany(missing)).map((row) => [row.id, row])),
    { ttl: '10m' },
  );
}
