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
