import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { createCacheManagerStore, createKeyvStore, type MemcachedSource } from '../../lib/adapters/keyv.js';
import { MemcachedSessionStore } from '../../lib/adapters/session.js';
import { MemcachedThrottlerStorage } from '../../lib/adapters/throttler.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { FaultProxy, stall } from '../support/fault-proxy.js';

const SERVERS = 3;

/** Enough keys that each server has some of each adapter's. */
const KEYS = Array.from({ length: 60 }, (_, index) => String(index));

describe('adapters and the cache in one process', () => {
  let servers: MemcachedServer[];
  let proxies: FaultProxy[];
  const open: { close(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    servers = await Promise.all(Array.from({ length: SERVERS }, () => MemcachedServer.start()));
    proxies = await Promise.all(servers.map(({ port }) => FaultProxy.start({ host: '127.0.0.1', port })));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await Promise.all(servers.map((server) => server.close()));
  });

  const addresses = () => proxies.map(({ address }) => address);
  const serviceOf = (options = {}): MemcachedService => {
    const service = new MemcachedService({ servers: addresses(), ...options });
    open.push(service);
    return service;
  };
  const sessionsOf = (source: MemcachedSource) => {
    const store = new MemcachedSessionStore(source);
    open.push(store);
    return {
      set: (sid: string) => new Promise((resolve) => store.set(sid, { cookie: {} }, resolve)),
      get: (sid: string) => new Promise((resolve) => store.get(sid, resolve)),
    };
  };
  /** Every adapter, each on what `source` gives it, with keys on all servers. */
  const useAll = async (source: () => MemcachedSource): Promise<void> => {
    const manager = createCacheManagerStore(source());
    const cache = createCache({ stores: [manager] });
    const keyvStore = createKeyvStore(source());
    const keyv = new Keyv({ store: keyvStore });
    const throttler = new MemcachedThrottlerStorage(source());
    const sessions = sessionsOf(source());
    open.push(
      { close: () => manager.disconnect() },
      { close: () => keyv.disconnect() },
      { close: () => throttler.onApplicationShutdown() },
    );
    await Promise.all(
      KEYS.map((key) =>
        Promise.all([
          cache.set(key, key, 60_000),
          keyv.set(key, key),
          throttler.increment(key, 60_000, 10, 60_000, 'default'),
          sessions.set(key),
        ]),
      ),
    );
  };

  it('have one connection to each server between them, on one service', async () => {
    const service = serviceOf();
    await Promise.all(KEYS.map((key) => service.getOrSet(key, async () => key)));
    await useAll(() => service);
    expect(proxies.map((proxy) => proxy.connections)).toEqual([1, 1, 1]);
  });

  it('have one each, on options of their own', async () => {
    const service = serviceOf();
    await Promise.all(KEYS.map((key) => service.getOrSet(key, async () => key)));
    await useAll(() => ({ servers: addresses() }));
    expect(proxies.map((proxy) => proxy.connections)).toEqual([5, 5, 5]);
  });

  it('share its bounds: a burst of one is refused to the others, where each of its own would not be', async () => {
    const shared = serviceOf({ maxInFlight: 20 });
    const [together, apart] = [sessionsOf(shared), sessionsOf(serviceOf({ maxInFlight: 20 }))];
    await Promise.all([together, apart].map((sessions) => sessions.set('sid')));
    const cache = createCache({ stores: [createCacheManagerStore(shared)] });
    for (const proxy of proxies) proxy.inject(stall);
    // So many that each server gets more than it takes, wherever its port has placed it.
    const burst = Array.from({ length: 300 }, (_, index) => cache.get(`burst:${index}`));
    const reads = [together.get('sid'), apart.get('sid')];
    for (const proxy of proxies) proxy.heal();
    const [refused, read] = await Promise.all(reads);
    expect(refused).toMatchObject({ code: 'MEMCACHED_OVERLOAD' });
    expect(read).toBeNull();
    await Promise.all(burst);
  });

  it('end with it: who closes the service closes what stands on it', async () => {
    const service = new MemcachedService({ servers: addresses() });
    const sessions = sessionsOf(service);
    await sessions.set('sid');
    await service.close();
    expect(await sessions.get('sid')).toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });
});
