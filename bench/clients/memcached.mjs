import { promisify } from 'node:util';
import Memcached from 'memcached';

export async function open({ servers, timeoutMs = 30_000 }) {
  // One socket for each server, like everybody else here; the others of its pool do not make it faster.
  const client = new Memcached(servers, { poolSize: 1, timeout: timeoutMs, maxExpiration: 2592000 });
  const getMulti = promisify(client.getMulti).bind(client);
  const set = promisify(client.set).bind(client);
  return {
    get: promisify(client.get).bind(client),
    set: (key, value) => set(key, value, 0),
    getMany: async (keys) => new Map(Object.entries(await getMulti(keys))),
    close: () => client.end(),
  };
}
