import type { MemcachedService } from '../../../lib/index.js';

interface Product {
  readonly id: number;
  readonly name: string;
}

interface Shop {
  find(id: number): Promise<Product | null>;
}

export function product(memcached: MemcachedService, shop: Shop, id: number): Promise<Product | null> {
  return memcached.getOrSet(`product:${id}`, () => shop.find(id), {
    ttl: '10m', // fresh for ten minutes;
    grace: '1h', // then, for up to an hour more, served while one caller in the fleet computes it anew
    nullTtl: '30s', // "no such product" is remembered for less
  });
}
