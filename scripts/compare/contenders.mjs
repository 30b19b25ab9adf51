/** What is measured, and where from; exact, so that a run can be repeated. */
export const PACKAGES = {
  'cache-manager': '7.2.9',
  '@keyv/redis': '5.1.6',
  keyv: '5.6.0',
  cacheable: '2.5.0',
  bentocache: '1.6.1',
  ioredis: '5.8.2',
};

/** Each as its own documentation sets it up, on one shared server. Runs from the folder where the packages are installed. */
export const CONTENDERS = {
  'nestjs-memcached': async ({ dist, address }) => {
    const { MemcachedService } = await import(dist);
    const service = new MemcachedService({ servers: address });
    return {
      getOrSet: (key, loader) => service.getOrSet(key, loader, { ttl: '1m' }),
      invalidate: (key) => service.invalidate(key),
    };
  },
  'cache-manager, @keyv/redis': async ({ address }) => {
    const { createCache } = await import('cache-manager');
    const cache = createCache({ stores: [await keyvOnRedis(address)] });
    return {
      getOrSet: (key, loader) => cache.wrap(key, loader, 60_000),
      invalidate: (key) => cache.del(key),
    };
  },
  'cacheable, @keyv/redis': async ({ address }) => {
    const { Cacheable } = await import('cacheable');
    const cache = new Cacheable({ secondary: await keyvOnRedis(address), ttl: '1m' });
    cache.on('error', () => {});
    return { getOrSet: (key, loader) => cache.getOrSet(key, loader), invalidate: (key) => cache.delete(key) };
  },
  'bentocache, redis driver': async ({ address }) => {
    const { BentoCache, bentostore } = await import('bentocache');
    const { redisDriver } = await import('bentocache/drivers/redis');
    const [host, port] = address.split(':');
    const driver = redisDriver({ connection: { host, port: Number(port) } });
    const cache = new BentoCache({ default: 'shared', stores: { shared: bentostore().useL2Layer(driver) } });
    return {
      getOrSet: (key, loader) => cache.getOrSet({ key, ttl: '1m', factory: loader }),
      invalidate: (key) => cache.delete({ key }),
    };
  },
};

async function keyvOnRedis(address) {
  const { Keyv } = await import('keyv');
  const { default: KeyvRedis } = await import('@keyv/redis');
  const keyv = new Keyv({ store: new KeyvRedis(`redis://${address}`) });
  keyv.on('error', () => {});
  return keyv;
}
