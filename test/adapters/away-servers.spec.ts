import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createCacheManagerStore, createKeyvStore } from '../../lib/adapters/keyv.js';
import { FAMILIES, OWN } from '../../lib/adapters/own-keys.js';
import { MemcachedSessionStore } from '../../lib/adapters/session.js';
import { MemcachedThrottlerStorage } from '../../lib/adapters/throttler.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { CacheProbe } from '../../lib/testing/index.js';
import { until } from './support/places.js';

/** Far longer than a test may take: whoever waited for a server would not end. */
const FAR = '10m';

describe.each(['error', 'miss', 'next'] as const)(
  'a server that is known to be away, failover %s',
  (failover) => {
    let probe: CacheProbe;
    let service: MemcachedService;
    let connects = 0;
    const count = (): void => void (connects += 1);

    beforeEach(async () => {
      connects = 0;
      subscribe('net.client.socket', count);
      probe = await CacheProbe.start();
      service = new MemcachedService({
        servers: probe.addresses,
        commandTimeout: FAR,
        connectTimeout: FAR,
        reconnectDelay: { min: FAR, max: FAR },
        failuresToDown: 1,
        failover,
      });
      await service.client.set('key', 1);
      expect(connects).toBeGreaterThan(0);
      await probe.servers[0].down();
      await until(async () => {
        await service.get('key');
        return service.topology()[0].state === 'down';
      });
      // There again, and silent: nobody has been told, and whoever asked it would wait.
      await probe.servers[0].heal();
      probe.servers[0].stall();
      connects = 0;
    });

    afterEach(async () => {
      unsubscribe('net.client.socket', count);
      await service.close();
      await probe.close();
    });

    const session = (onStoreError: 'error' | 'new-session') => {
      const store = new MemcachedSessionStore(service, { onStoreError });
      const done = (work: (callback: (error: unknown, value?: unknown) => void) => void) =>
        new Promise((resolve) => work((error, value) => resolve(error instanceof Error ? 'error' : value)));
      return Promise.all([
        done((callback) => store.get('1', callback)),
        done((callback) => store.set('1', { cookie: {} }, callback)),
        done((callback) => store.touch('1', { cookie: {} }, callback)),
        // One that was read before.
        done((callback) => store.set('1', { cookie: {}, '~memcached': { json: '{}', cas: '1' } }, callback)),
      ]);
    };

    it.each<[string, () => Promise<unknown>, unknown]>([
      [
        'the store of cache-manager',
        async () => {
          const cache = createCache({ stores: [createCacheManagerStore(service)], ttl: 60_000 });
          await cache.set('a', 1);
          await cache.del('a');
          await cache.clear();
          return [await cache.get('a'), await cache.mget(['a', 'b']), await cache.wrap('a', async () => 2)];
        },
        [undefined, [undefined, undefined], 2],
      ],
      [
        'the store of Keyv',
        async () => {
          const store = createKeyvStore(service);
          const stored = await store.set('a', 1);
          const all = await store.setMany([{ key: 'b', value: 1 }]);
          await store.clear();
          return [
            stored,
            all,
            await store.get('a'),
            await store.getMany(['a', 'b']),
            await store.delete('a'),
          ];
        },
        [false, [false], undefined, [undefined, undefined], false],
      ],
      [
        'the throttler storage, open',
        async () => {
          const storage = new MemcachedThrottlerStorage(service);
          return (await storage.increment('key', 60_000, 1, 60_000, 'default')).isBlocked;
        },
        false,
      ],
      [
        'the throttler storage, open and sliding',
        async () => {
          const storage = new MemcachedThrottlerStorage(service, { window: 'sliding' });
          return (await storage.increment('key', 60_000, 1, 60_000, 'default')).isBlocked;
        },
        false,
      ],
      [
        'the throttler storage, closed',
        async () => {
          const storage = new MemcachedThrottlerStorage(service, { onStoreError: 'closed' });
          return (await storage.increment('key', 60_000, 1, 60_000, 'default')).isBlocked;
        },
        true,
      ],
      ['the session store', () => session('error'), ['error', 'error', 'error', 'error']],
      [
        'the session store, with new sessions',
        () => session('new-session'),
        [null, undefined, undefined, undefined],
      ],
    ])('is not asked by %s, nor waited for', async (_, use, answers) => {
      expect(await use()).toEqual(answers);
      expect(connects).toBe(0);
    });

    it('does not open the limit of a throttler that is closed, though the counters are elsewhere', async () => {
      await using other = await CacheProbe.start();
      const servers = [...probe.addresses, ...other.addresses];
      const options = { failover, failuresToDown: 1, reconnectDelay: { min: FAR, max: FAR } } as const;
      await using client = new MemcachedClient({ servers, ...options });
      await probe.servers[0].down();
      const ttl = 600_000;
      const slice = Math.floor(Date.now() / ttl);
      const isAway = (key: string): boolean => client.serverFor(key) === probe.addresses[0];
      /** A name whose block is on the server that is away, and whose counters are on the other. */
      const name = Array.from({ length: 1000 }, (_, n) => `n${n}`).find((each) => {
        const key = `${OWN}${FAMILIES.throttler}:default:${each}`;
        return isAway(`${key}:block`) && ![-1, 0, 1].some((step) => isAway(`${key}:0:${slice + step}`));
      })!;
      const storage = new MemcachedThrottlerStorage(client, { window: 'sliding', onStoreError: 'closed' });
      const { isBlocked } = await storage.increment(name, ttl, 5, ttl, 'default');
      expect(isBlocked).toBe(failover !== 'next');
    });
  },
);
