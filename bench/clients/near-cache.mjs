import { openMethod } from './cacheable.mjs';

const NEAR = { maxAge: '1s', maxItems: 1_500_000 };

/** For as many keys as take a while to be read once. */
const FOR_LONG = { ...NEAR, maxAge: '1m' };

const OPTIONS = { commandTimeout: '30s', connectTimeout: '30s' };

/** Has a server say that there have been near caches for hours, so that this one begins at once. */
export async function markLongAgo(servers, { MemcachedClient }) {
  for (const server of servers) {
    const client = new MemcachedClient({ servers: [server] });
    await client.set('~near', 'bench', { ttl: '20h' });
    await client.close();
  }
}

async function openService({ servers, from = 'nestjs-memcached' }, share, near = NEAR) {
  const lib = await import(from);
  await markLongAgo(servers, lib);
  const service = new lib.MemcachedService({
    servers,
    ...OPTIONS,
    cache: { ttl: '1h', share, near },
  });
  await service.connect();
  return service;
}

/** One object for all. */
export const openSame = (options) => openService(options, 'same');

/** The same, of what was read at any time of the run. */
export const openForLong = (options) => openService(options, 'same', FOR_LONG);

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
