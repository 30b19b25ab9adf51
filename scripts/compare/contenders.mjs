/** What is measured, and where from; exact, so that a run can be repeated. */
export const PACKAGES = {
  'cache-manager': '7.2.9',
  '@keyv/redis': '5.1.6',
  keyv: '5.6.0',
  cacheable: '2.5.0',
  bentocache: '1.6.1',
  ioredis: '5.8.2',
  '@andreafspeziale/nestjs-memcached': '3.4.1',
  '@nestjs/common': '9.3.11',
  '@nestjs/core': '9.3.11',
  'reflect-metadata': '0.1.13',
  rxjs: '7.8.0',
};

/** Those that are on memcached; the others are on Redis. */
export const ON_MEMCACHED = new Set(['nestjs-memcached', '@andreafspeziale/nestjs-memcached']);

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
  // It has no call that loads: its README shows `get`, a test for null, and `set`; and superjson among the module's options.
  '@andreafspeziale/nestjs-memcached': async ({ address }) => {
    await import('reflect-metadata');
    const { Module } = await import('@nestjs/common');
    const { NestFactory } = await import('@nestjs/core');
    const { MemcachedModule, MemcachedService } = await import('@andreafspeziale/nestjs-memcached');
    const [host, port] = address.split(':');
    const options = { connections: [{ host, port: Number(port) }], ttl: 60, superjson: true };
    class Application {}
    Module({ imports: [MemcachedModule.forRoot(options)] })(Application);
    const service = (await NestFactory.createApplicationContext(Application, { logger: ['error'] })).get(
      MemcachedService,
    );
    return {
      getOrSet: async (key, loader) => {
        const cached = await service.get(key);
        if (cached !== null) return cached;
        const loaded = await loader();
        await service.set(key, loaded);
        return loaded;
      },
      invalidate: (key) => service.del(key),
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
