import memjs from 'memjs';

export async function open({ servers, values, timeoutMs = 30_000 }) {
  const client = memjs.Client.create(servers.join(','), {
    timeout: timeoutMs / 1000,
    conntimeout: timeoutMs / 1000,
  });
  const take = {
    bytes: ({ value }) => value,
    text: ({ value }) => value?.toString(),
    json: ({ value }) => value && JSON.parse(value),
  }[values];
  return {
    get: (key) => client.get(key).then(take),
    set: (key, value) => client.set(key, values === 'json' ? JSON.stringify(value) : value, {}),
    // It has no read of many keys.
    getMany: async (keys) =>
      new Map(await Promise.all(keys.map(async (key) => [key, take(await client.get(key))]))),
    close: () => client.close(),
  };
}
