/** A client and a cache of the build in question; see `around`. */
export function open({ MemcachedService }, options) {
  return around(new MemcachedService(options));
}

/**
 * The library as the proof uses it, whichever build it is: what an older one calls by another name is found here.
 *
 * @returns {{ service: object, raw: object, get: Function, set: Function }} `raw` is the client with bare values; `get` and
 *   `set` are the cache's.
 */
export function around(service) {
  const hasRaw = service.client !== undefined;
  return {
    service,
    raw: hasRaw ? service.client : service,
    get: (key) => (hasRaw ? service.get(key) : service.peek(key)),
    set: (key, value, policy) => (hasRaw ? service.set(key, value, policy) : service.put(key, value, policy)),
  };
}
