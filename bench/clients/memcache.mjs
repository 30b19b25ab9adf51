import { Memcache } from 'memcache';

export async function open({ servers, values, timeoutMs = 30_000 }) {
  const client = new Memcache({ nodes: servers, timeout: timeoutMs });
  await client.connect();
  const isJson = values === 'json';
  return {
    get: isJson ? async (key) => JSON.parse(await client.get(key)) : (key) => client.get(key),
    set: (key, value) => client.set(key, isJson ? JSON.stringify(value) : value),
    getMany: (keys) => client.gets(keys),
    close: () => client.disconnect(),
  };
}
