import { KEYS, ofItems } from './items.mjs';

/** BentoCache's first layer alone: what a hit in the process costs there. It copies by JSON unless told not to. */
async function openBento(serialize) {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const bento = new BentoCache({
    default: 'near',
    stores: { near: bentostore().useL1Layer(memoryDriver({ maxItems: 1_500_000, serialize })) },
  });
  return {
    getOrSet: (key, factory) => bento.getOrSet({ key, factory, ttl: '1h' }),
    close: () => bento.disconnectAll(),
  };
}

export const openBentoSame = () => openBento(false);
export const openBentoCopy = () => openBento(true);

/** cacheable's first layer alone, as it is by default: it clones. */
export async function openCacheable() {
  const { Cacheable } = await import('cacheable');
  const cacheable = new Cacheable({ ttl: '1h' });
  return {
    getOrSet: (key, load) => cacheable.getOrSet(key, load, { ttl: '1h' }),
    close: () => cacheable.disconnect(),
  };
}

/** What `@Cacheable` does, written by hand: a method that makes the key of its argument. */
async function asMethod(opening) {
  const cache = await opening;
  class Products {
    loader;

    find(id) {
      return cache.getOrSet(`${KEYS}${id}`, this.loader);
    }
  }
  const products = new Products();
  return { ...cache, getOrSet: ofItems(products, (id) => products.find(id)) };
}

export const openBentoSameMethod = () => asMethod(openBento(false));
export const openBentoCopyMethod = () => asMethod(openBento(true));
export const openCacheableMethod = () => asMethod(openCacheable());

/**
 * BentoCache as a fleet has it: values in the process, others on Redis, and a bus on Redis that tells of changes.
 *
 * @param {number} port of Redis. @param {number} lost which part of the messages a process does not hear, from 0 to 1.
 */
export async function openBentoFleet(port, lost) {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const { redisDriver, redisBusDriver } = await import('bentocache/drivers/redis');
  const connection = { host: '127.0.0.1', port };
  const bus = redisBusDriver({ connection });
  const bento = new BentoCache({
    default: 'fleet',
    stores: {
      fleet: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 10_000 }))
        .useL2Layer(redisDriver({ connection }))
        .useBus({ ...bus, factory: (options) => losing(bus.factory(options), lost) }),
    },
  });
  return {
    getOrSet: (key, factory) => bento.getOrSet({ key, factory, ttl: '1h' }),
    invalidate: (key) => bento.delete({ key }),
    close: () => bento.disconnectAll(),
  };
}

function losing(driver, lost) {
  const subscribe = driver.subscribe.bind(driver);
  driver.subscribe = (channel, hear) =>
    subscribe(channel, (message) => {
      if (Math.random() >= lost) hear(message);
    });
  return driver;
}
