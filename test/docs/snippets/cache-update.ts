import { KEEP, type MemcachedService } from '../../../lib/index.js';

interface Shop {
  countOnShelf(id: number): Promise<number>;
}

export function purchase(memcached: MemcachedService, shop: Shop, id: number): Promise<number> {
  return memcached.update(`stock:${id}`, (left) => (left > 0 ? left - 1 : KEEP), {
    initial: () => shop.countOnShelf(id),
    ttl: 'never',
  });
}
