import { MemcacheClient } from 'memcache-client';

export async function open({ servers }) {
  const client = new MemcacheClient({
    server: { servers: servers.map((server) => ({ server, maxConnections: 1 })) },
    cmdTimeout: 30_000,
    connectTimeout: 30_000,
  });
  return {
    get: async (key) => (await client.get(key))?.value,
    set: (key, value) => client.set(key, value, { lifetime: 0 }),
    getMany: async (keys) => {
      const found = await client.get(keys);
      return new Map(keys.map((key) => [key, found[key]?.value]));
    },
    close: () => client.shutdown(),
  };
}
