import { MemcacheClient } from 'memcache-client';

export async function open({ servers, timeoutMs = 30_000 }) {
  const client = new MemcacheClient({
    server: { servers: servers.map((server) => ({ server, maxConnections: 1 })) },
    cmdTimeout: timeoutMs,
    connectTimeout: timeoutMs,
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
