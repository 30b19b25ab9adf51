import { type MemcachedService, wrap } from '../../../lib/index.js';

async function priceOf(id: number): Promise<number> {
  return id * 100; // a query
}

export function cachedPrices(memcached: MemcachedService): (id: number) => Promise<number> {
  return wrap(memcached, priceOf, { key: (id) => `price:${id}`, ttl: '5m' });
}
