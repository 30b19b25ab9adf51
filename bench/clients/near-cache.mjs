import { openMethod } from './cacheable.mjs';

const NEAR = { maxAge: '1s', maxItems: 1_500_000 };

const OPTIONS = { commandTimeout: '30s', connectTimeout: '30s' };

/** Has a server say that there have been near caches for hours, so that this one begins at once. */
export async function markLongAgo(servers, { MemcachedClient }) {
  for (const server of servers) {
    const client = new MemcachedClient({ servers: [server] });
    await client.set('~near', 'bench', { ttl: '20h' });
    await client.close();
  }
}

async function openService({ servers, from = 'nestjs-memcached' }, share) {
  const lib = await import(from);
  await markLongAgo(servers, lib);
  const service = new lib.MemcachedService({
    servers,
    ...OPTIONS,
    cache: { ttl: '1h', share, near: NEAR },
  });
  await service.connect();
  return service;
}

/** One object for all. */
export const openSame = (options) => openService(options, 'same');

/** An object for each. */
export const openCopy = (options) => openService(options, 'copy');

async function openNearMethod(options, share) {
  const { servers, from = 'nestjs-memcached' } = options;
  await markLongAgo(servers, await import(from));
  return openMethod(options, { policy: { share }, cache: { ttl: '1h', near: NEAR }, byId: true });
}

/** By a decorated method that takes an id. */
export const openMethodSame = (options) => openNearMethod(options, 'same');
export const openMethodCopy = (options) => openNearMethod(options, 'copy');
