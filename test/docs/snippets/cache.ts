import { KEEP, type MemcachedService } from '../../../lib/index.js';

export interface Product {
  readonly id: number;
  readonly author: number;
  readonly stock: number;
}

/** The shop's database, as far as the page needs it. */
export interface Shop {
  find(id: number, options?: { signal: AbortSignal }): Promise<Product | null>;
  findMany(ids: readonly number[]): Promise<Product[]>;
}

// snippet: cache-read
export function product(memcached: MemcachedService, shop: Shop, id: number): Promise<Product | null> {
  return memcached.getOrSet(`product:${id}`, () => shop.find(id), {
    ttl: '10m', // fresh for ten minutes;
    grace: '1h', // then, for up to an hour more, served while one caller in the fleet computes it anew
    nullTtl: '30s', // "no such product" is remembered for less
  });
}
// end

// snippet: cache-loader
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
// end

// snippet: cache-many
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
// end

// snippet: cache-update
export function purchase(memcached: MemcachedService, shop: Shop, id: number): Promise<number> {
  return memcached.update(`stock:${id}`, (left) => (left > 0 ? left - 1 : KEEP), {
    initial: async () => (await shop.find(id))?.stock ?? 0,
    ttl: 'never',
  });
}
// end

// snippet: cache-lock
export async function nightly(
  memcached: MemcachedService,
  report: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { locked } = await memcached.withLock('nightly-report', { ttl: '10m' }, report);
  return locked; // false: another process is at it
}
// end
