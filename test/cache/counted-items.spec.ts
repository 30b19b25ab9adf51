import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { settled } from './support/fake-clock.js';
import { Fleet } from './support/fleet.js';

interface Started {
  readonly address: string;
  stop(): Promise<void>;
}

type Store = (cache: MemcachedService, value: unknown) => Promise<unknown>;

/** What leaves a value under the key `k`. */
const STORED: readonly (readonly [what: string, store: Store])[] = [
  ['set', (cache, value) => cache.set('k', value)],
  ['beginSet', async (cache, value) => (await cache.beginSet('k')).store(value)],
  [
    'add',
    async (cache, value) => {
      await cache.delete('k');
      await cache.add('k', value);
    },
  ],
  [
    'replace',
    async (cache, value) => {
      await cache.set('k', 'before');
      await cache.replace('k', value);
    },
  ],
  ['update', (cache, value) => cache.update<unknown>('k', () => value)],
  ['update with a ttl', (cache, value) => cache.update<unknown>('k', () => value, { ttl: '2s' })],
  [
    'cas',
    async (cache, value) => {
      await cache.set('k', 'before');
      const item = (await cache.gets('k'))!;
      await cache.cas('k', value, item.cas, { ttl: '10s' });
    },
  ],
  [
    'touch',
    async (cache, value) => {
      await cache.set('k', value);
      await cache.touch('k', '10m');
    },
  ],
  [
    'getAndTouch',
    async (cache, value) => {
      await cache.set('k', value);
      await cache.getAndTouch('k', '10m');
    },
  ],
];

function tests(start: () => Promise<Started>): void {
  let server: Started;
  let cache: MemcachedService;

  async function serve(options: MemcachedCacheOptions = {}): Promise<void> {
    server = await start();
    cache = new MemcachedService({ servers: server.address, cache: options });
  }

  afterEach(async () => {
    await cache.close();
    await server.stop();
  });

  describe.each<[string, MemcachedCacheOptions]>([
    ['by default', {}],
    ['where values have a grace', { grace: '1m' }],
    ['where values are refreshed ahead', { refreshAhead: 0.5, jitter: 0.9 }],
  ])('%s', (_when, options) => {
    beforeEach(() => serve(options));

    it.each(STORED)('are counted on when stored by %s', async (_what, store) => {
      await store(cache, 5);
      await expect(cache.incr('k')).resolves.toBe(6);
      await store(cache, 5n);
      await expect(cache.decr('k', 2n)).resolves.toBe(3n);
    });

    it('are counted on when they began as counters', async () => {
      await cache.incr('c', 1, { initial: 1, ttl: '5m' });
      await cache.touch('c', '10m');
      await expect(cache.incr('c')).resolves.toBe(2);
      await cache.update<number>('c', (count) => (count ?? 0) + 10);
      await expect(cache.incr('c')).resolves.toBe(13);
    });
  });

  it.each(STORED)('are read by other clients as they are when stored by %s', async (_what, store) => {
    await serve();
    for (const value of ['text', { a: [1] }, null]) {
      await store(cache, value);
      await expect(cache.client.get('k')).resolves.toEqual(value);
    }
  });
}

describe('values on the embedded server', () => {
  tests(async () => {
    const server = await MemcachedServer.start();
    return { address: server.address, stop: () => server.close() };
  });
});

describeReal('values on a real memcached', () => {
  tests(startMemcached);
});

describe('a value that was updated', () => {
  const AHEAD = { ttl: '100s', refreshAhead: 0.2 } as const;

  it('is refreshed ahead by reads that do so, like any other', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => 'loaded', AHEAD);
    await fleet.pass(50_000);
    await cache.update<string>('k', () => 'updated');
    const loader = jest.fn(() => 'loaded again');
    await fleet.pass(29_000);
    await expect(cache.getOrSet('k', loader, AHEAD)).resolves.toBe('updated');
    expect(loader).not.toHaveBeenCalled();
    await fleet.pass(2000);
    await expect(cache.getOrSet('k', loader, AHEAD)).resolves.toBe('updated');
    await settled();
    await expect(cache.getOrSet('k', loader, AHEAD)).resolves.toBe('loaded again');
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['the value before it does', {}, '10s'],
    ['all values of the cache are refreshed ahead', AHEAD, undefined],
  ] as const)('waits for its end where %s', async (_what, options, loadedTtl) => {
    const fleet = new Fleet();
    const { cache } = fleet.start(options);
    const loader = jest.fn(({ setTtl }: { setTtl: (ttl: '10s') => void }) => {
      if (loadedTtl !== undefined) setTtl(loadedTtl);
      return 'loaded';
    });
    const read = (): Promise<string> =>
      cache.getOrSet('k', (context) => loader({ setTtl: (ttl) => context.setTtl(ttl) }), AHEAD);
    await read();
    const ttl = loadedTtl === undefined ? ({ ttl: '10s' } as const) : {};
    await cache.update<string>('k', () => 'updated', ttl);
    for (let second = 0; second < 8; second += 1) {
      await expect(read()).resolves.toBe('updated');
      await fleet.pass(1000);
    }
    expect(loader).toHaveBeenCalledTimes(1);
  });
});
