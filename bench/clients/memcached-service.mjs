/** The injectable service, made by hand: the client and the cache on it, without an application around. */
export async function open({ servers, from = 'nestjs-memcached' }) {
  const { MemcachedService } = await import(from);
  const service = new MemcachedService({ servers, commandTimeout: '30s', connectTimeout: '30s' });
  await service.connect();
  return service;
}

/** The same, read by plain `get`. */
export async function openPlain(options) {
  const service = await open(options);
  // In builds before the service had a client, it was one.
  const client = service.client ?? service;
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    close: () => service.close(),
  };
}
