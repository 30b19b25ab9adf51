import { describe, expect, it, jest } from '@jest/globals';
import { CodecError, ValueTooLargeError } from '../../lib/errors.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import type { LoadContext } from '../../lib/cache/load-context.js';
import { settled } from './support/fake-clock.js';
import { Fleet, type Member } from './support/fleet.js';

const LOAD_MS = 1000;

function members(count: number, options: MemcachedCacheOptions = {}): { fleet: Fleet; all: Member[] } {
  const fleet = new Fleet();
  return { fleet, all: Array.from({ length: count }, () => fleet.start(options)) };
}

/** A loader that takes a second. */
function slow<T>(fleet: Fleet, end: (context: LoadContext) => T): (context: LoadContext) => Promise<T> {
  return async (context) => {
    await new Promise<void>((resolve) => fleet.clock.after(LOAD_MS, resolve));
    return end(context);
  };
}

const endings: [string, (context: LoadContext) => unknown][] = [
  [
    'fails',
    () => {
      throw new Error('no database');
    },
  ],
  [
    'is skipped',
    (context) => {
      context.skip();
      return 'partial';
    },
  ],
  ['gives undefined', () => undefined],
];

describe('a load that leaves nothing to store', () => {
  it.each(endings)('and %s is waited for once: then all compute at once', async (_how, end) => {
    const { fleet, all } = members(8);
    const times: number[] = [];
    for (const { cache } of all) {
      const call = cache.getOrSet('k', slow(fleet, end));
      call.catch(() => undefined).finally(() => times.push(fleet.clock.now()));
    }
    await fleet.pass(2.3 * LOAD_MS);
    expect(times).toHaveLength(8);
  });

  it.each(endings)('and %s keeps nobody waiting who comes afterwards', async (_how, end) => {
    const { fleet, all } = members(8);
    const loader = slow(fleet, end);
    all[0].cache.getOrSet('k', loader).catch(() => undefined);
    await fleet.pass(LOAD_MS + 100);
    for (let round = 0; round < 5; round += 1) {
      let settledCalls = 0;
      for (const { cache } of all) {
        cache
          .getOrSet('k', loader)
          .catch(() => undefined)
          .finally(() => (settledCalls += 1));
      }
      await fleet.pass(1.1 * LOAD_MS);
      expect(settledCalls).toBe(8);
    }
  });

  it('hands undefined, and null that is not cached, to those who were waiting for it, and to nobody else', async () => {
    for (const value of [undefined, null]) {
      const { fleet, all } = members(4, { nullTtl: 0 });
      const loader = jest.fn(slow(fleet, () => value));
      const calls = all.map(({ cache }) => cache.getOrSet<unknown>('k', loader));
      await fleet.pass(1.2 * LOAD_MS);
      await expect(Promise.all(calls)).resolves.toEqual([value, value, value, value]);
      expect(loader).toHaveBeenCalledTimes(1);
      await expect(all[1].cache.getOrSet('k', () => 'now')).resolves.toBe('now');
      await expect(all[2].cache.getOrSet('k', () => 'later')).resolves.toBe('now');
    }
  });

  it('hands nothing on where tags are concerned, which the store does not compare', async () => {
    const { fleet, all } = members(2, { tags: ['t'] });
    const [a, b] = all;
    void a.cache.getOrSet(
      'k',
      slow(fleet, () => undefined),
    );
    await settled();
    const second = b.cache.getOrSet<unknown>('k', () => 'computed');
    await fleet.pass(1.2 * LOAD_MS);
    await expect(second).resolves.toBe('computed');
  });

  it.each(endings.slice(0, 2))(
    'and %s is waited for once where a stale value is there and not served meanwhile',
    async (_how, end) => {
      const { fleet, all } = members(8, { serveStale: false });
      await all[0].cache.set('k', 'old');
      await all[0].cache.invalidate('k', { soft: '1m' });
      const served: unknown[] = [];
      const loader = jest.fn(slow(fleet, end));
      for (const { cache } of all)
        void cache.getOrSet<unknown>('k', loader).then((value) => served.push(value));
      await fleet.pass(2.5 * LOAD_MS);
      expect(served).toHaveLength(8);
      expect(loader).toHaveBeenCalledTimes(8);
      expect(fleet.server.valueOf('k')).toBe('old');
    },
  );

  it('leaves a mark that the next value takes the place of', async () => {
    const { fleet, all } = members(2);
    const [a, b] = all;
    await expect(a.cache.getOrSet('k', () => Promise.reject(new Error('no database')))).rejects.toThrow();
    await settled();
    await expect(b.cache.getOrSet('k', () => 'value')).resolves.toBe('value');
    expect(fleet.server.valueOf('k')).toBe('value');
    await expect(a.cache.getOrSet('k', () => 'other')).resolves.toBe('value');
  });

  it('leaves a mark that an invalidation removes, and with it what was loaded over it', async () => {
    const { fleet, all } = members(2);
    const [a, b] = all;
    await expect(a.cache.getOrSet('k', () => Promise.reject(new Error('no database')))).rejects.toThrow();
    await settled();
    const old = a.cache.getOrSet(
      'k',
      slow(fleet, () => 'old'),
    );
    await fleet.pass(100);
    await b.cache.invalidate('k');
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await fleet.pass(LOAD_MS);
    // Its load is outdated; a look at the store in the meantime has brought the value of the other one.
    await expect(old).resolves.toBe('new');
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('is nothing to get, to update or to serve as stale', async () => {
    const { all } = members(1, { grace: '60s' });
    const [{ cache }] = all;
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('no database')))).rejects.toThrow();
    await settled();
    await expect(cache.update<number>('k', (now) => (now ?? 0) + 1)).resolves.toBe(1);
  });

  it('ends by itself', async () => {
    const { fleet, all } = members(1);
    await expect(
      all[0].cache.getOrSet('k', () => Promise.reject(new Error('no database'))),
    ).rejects.toThrow();
    await fleet.pass(3000);
    expect(fleet.server.items.size === 0 || fleet.server.find('k') === undefined).toBe(true);
  });
});

describe('a value that cannot be stored', () => {
  it.each([
    ['since it is too large', new ValueTooLargeError('too large', 2, 1)],
    ['since no codec takes it', new CodecError('no plain value')],
  ])('%s is computed by everybody at once', async (_why, error) => {
    const { fleet, all } = members(4);
    for (const { store } of all) {
      let first = true;
      store.before = (operation) => {
        if (operation !== 'write' || !first) return;
        first = false;
        throw error;
      };
    }
    const calls = all.map(({ cache }) =>
      cache.getOrSet(
        'k',
        slow(fleet, () => 'huge'),
      ),
    );
    await fleet.pass(2.3 * LOAD_MS);
    await expect(Promise.all(calls)).resolves.toEqual(['huge', 'huge', 'huge', 'huge']);
  });

  it('does not leave the value it should have replaced', async () => {
    const { fleet, all } = members(1, { ttl: '10s', grace: '60s', serveStale: false });
    const [{ cache, store }] = all;
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    let first = true;
    store.before = (operation) => {
      if (operation !== 'write' || !first) return;
      first = false;
      throw new CodecError('no plain value');
    };
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
  });
});

describe('an empty item of another client', () => {
  it('without an end is no lease: the first load takes its place', async () => {
    const { fleet, all } = members(1);
    fleet.server.set('k', undefined, 0);
    await expect(all[0].cache.getOrSet('k', () => 'value')).resolves.toBe('value');
    expect(fleet.server.valueOf('k')).toBe('value');
  });

  it('with a ttl may be a lease of the classic dialect, and is waited for', async () => {
    const { fleet, all } = members(1);
    fleet.server.set('k', undefined, 3);
    const call = all[0].cache.getOrSet('k', () => 'value');
    await fleet.pass(2000);
    expect(all[0].cache.counters).toMatchObject({ leaseWaited: 1, load: 0 });
    await fleet.pass(1500);
    await expect(call).resolves.toBe('value');
  });
});
