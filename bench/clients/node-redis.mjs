import { createClient, RESP_TYPES } from 'redis';

export async function open({ redis, values }) {
  const [host, port] = redis.split(':');
  const plain = await createClient({ socket: { host, port: Number(port) } }).connect();
  const client = values === 'bytes' ? plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) : plain;
  const isJson = values === 'json';
  return {
    get: isJson ? async (key) => JSON.parse(await client.get(key)) : (key) => client.get(key),
    set: (key, value) => client.set(key, isJson ? JSON.stringify(value) : value),
    getMany: async (keys) => {
      const found = await client.mGet(keys);
      return new Map(keys.map((key, index) => [key, found[index]]));
    },
    close: () => plain.destroy(),
  };
}
