import { describe, expect, it } from '@jest/globals';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

describe('forceFresh', () => {
  it('computes though a fresh value is there, and stores the new one', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    await expect(cache.getOrSet('k', () => 'new', { forceFresh: true })).resolves.toBe('new');
    await expect(cache.getOrSet('k', () => 'never')).resolves.toBe('new');
  });

  it('serves what is stored to the calls meanwhile, and leaves it there when the load fails', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    const load = deferred<string>();
    const forced = cache.getOrSet('k', () => load.promise, { forceFresh: true });
    await settled();
    await expect(cache.getOrSet('k', () => 'never')).resolves.toBe('old');
    load.reject(new Error('no database'));
    await expect(forced).rejects.toThrow('no database');
    await expect(cache.getOrSet('k', () => 'never')).resolves.toBe('old');
  });

  it('waits for no other process, and does not store what was invalidated meanwhile', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const load = deferred<string>();
    const forced = b.cache.getOrSet('k', () => load.promise, { forceFresh: true });
    await settled();
    expect(b.cache.counters.load).toBe(1);
    await a.cache.invalidate('k');
    load.resolve('old');
    await expect(forced).resolves.toBe('old');
    expect(fleet.server.valueOf('k')).toBeUndefined();
  });
});

describe('forceFresh, whose load takes longer than the lease', () => {
  const FORCED = { forceFresh: true } as const;

  it.each([
    ['of one', (cache: CacheEngine, load: () => Promise<string>) => cache.getOrSet('k', load, FORCED)],
    [
      'of many',
      async (cache: CacheEngine, load: () => Promise<string>) => {
        const found = await cache.getOrSetMany(
          ['k'],
          (id) => id,
          async () => [await load()],
          FORCED,
        );
        return found.get('k');
      },
    ],
  ])('gets what it has computed, not what was there: %s', async (_what, get) => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('k', 'old');
    const load = deferred<string>();
    const forced = get(cache, () => load.promise);
    await fleet.pass(5000);
    load.resolve('new');
    await expect(fleet.until(forced)).resolves.toBe('new');
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('gets no value either that another process has stored meanwhile; who has joined it does', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const forced = a.cache.getOrSet('k', () => load.promise, FORCED);
    await settled();
    const joined = a.cache.getOrSet('k', () => 'never');
    await b.cache.set('k', 'from b');
    await fleet.pass(1000);
    await expect(joined).resolves.toBe('from b');
    load.resolve('from a');
    await expect(forced).resolves.toBe('from a');
    expect(fleet.server.valueOf('k')).toBe('from b');
  });

  it('gets what it has computed where the store was away when it began', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('k', 'old');
    store.breakDown();
    const load = deferred<string>();
    const forced = cache.getOrSet('k', () => load.promise, FORCED);
    await settled();
    store.mend();
    await fleet.pass(1000);
    load.resolve('new');
    await expect(forced).resolves.toBe('new');
  });
});

describe('maxTtl', () => {
  it('bounds what a loader and a function say', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ maxTtl: '1m' });
    await cache.getOrSet('said', (context) => {
      context.setTtl('never');
      return 1;
    });
    await cache.getOrSet('asked', () => 1, { ttl: () => '1h' });
    expect([fleet.server.ttlOf('said'), fleet.server.ttlOf('asked')]).toEqual([60, 60]);
  });
});
