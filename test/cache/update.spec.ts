import { describe, expect, it, jest } from '@jest/globals';
import { KEEP } from '../../lib/cache/cas-update.js';
import { CasConflictError, CodecError, ConnectionError, InvalidArgumentError } from '../../lib/errors.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';
import { seeded } from './support/seeded.js';

describe('update', () => {
  it('stores what next makes of the current value', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('stock', 900);
    await expect(cache.update<number>('stock', (left) => (left ?? 0) - 1)).resolves.toBe(899);
    expect(fleet.server.valueOf('stock')).toBe(899);
  });

  it('begins with undefined when nothing is there', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const next = jest.fn((current: number | undefined) => (current ?? 0) + 1);
    await expect(cache.update('n', next)).resolves.toBe(1);
    expect(next).toHaveBeenCalledWith(undefined);
  });

  it('begins with initial when nothing is there, and does not fetch it otherwise', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const initial = jest.fn(() => Promise.resolve(900));
    await expect(cache.update('stock', (left) => left - 1, { initial })).resolves.toBe(899);
    await expect(cache.update('stock', (left) => left - 1, { initial })).resolves.toBe(898);
    await expect(cache.update('other', (left) => left - 1, { initial: 5 })).resolves.toBe(4);
    expect(initial).toHaveBeenCalledTimes(1);
  });

  it('leaves the value as it is on KEEP', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('stock', 0);
    store.log.length = 0;
    await expect(cache.update<number>('stock', () => KEEP)).resolves.toBe(0);
    expect(store.log).toEqual(['read stock']);
  });

  it('leaves nothing where nothing was on KEEP, not even its lease', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await expect(cache.update<number>('n', () => KEEP)).resolves.toBeUndefined();
    await settled();
    expect(fleet.server.items.size).toBe(0);
  });

  it('refuses undefined as a value, and leaves nothing behind', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const call = cache.update<unknown>('n', () => undefined);
    await expect(call).rejects.toThrow(InvalidArgumentError);
    await expect(call).rejects.toThrow(
      'update "n": the new value is undefined; return KEEP to leave the value as it is',
    );
    await settled();
    expect(fleet.server.items.size).toBe(0);
  });

  it('passes on what next throws, and lets the next update go on', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const error = new Error('sold out');
    const failing = cache.update<number>('n', () => {
      throw error;
    });
    const after = cache.update<number>('n', () => 1);
    await expect(failing).rejects.toBe(error);
    await expect(after).resolves.toBe(1);
  });

  it('rejects when the store fails, since the update would be lost', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.update<number>('n', () => 1)).rejects.toThrow('the store is down');
  });
});

describe('concurrent updates', () => {
  it('of one process wait for each other and do not contend', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const calls = Array.from({ length: 50 }, () =>
      cache.update('stock', (left) => left - 1, { initial: 900 }),
    );
    const results = await Promise.all(calls);
    expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, index) => 850 + index));
    expect(cache.counters.casRetry).toBe(0);
  });

  it('of one process wait only for those of the same key', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    void cache.update('slow', () => new Promise<number>(() => undefined));
    await expect(cache.update<number>('quick', () => 1)).resolves.toBe(1);
  });

  it('of several processes lose nothing', async () => {
    const fleet = new Fleet();
    let turn = 0;
    fleet.randomSource = () => ((turn += 7) % 10) / 10;
    const members = Array.from({ length: 4 }, () => fleet.start());
    for (const { store } of members) {
      store.before = () => new Promise((resolve) => void fleet.clock.after(1, resolve));
    }
    const calls = members.flatMap(({ cache }) =>
      Array.from({ length: 25 }, () => cache.update('stock', (left) => left - 1, { initial: 900 })),
    );
    await fleet.until(Promise.all(calls));
    expect(fleet.server.valueOf('stock')).toBe(800);
    expect(members.reduce((sum, { cache }) => sum + cache.counters.casRetry, 0)).toBeGreaterThan(0);
  });

  it('give up with a CasConflictError after their attempts', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('n', 0);
    const call = cache.update<number>(
      'n',
      (current) => {
        fleet.server.set('n', { value: 100, tags: [], kind: 'value' }, 0);
        return (current ?? 0) + 1;
      },
      { attempts: 3, backoff: 0 },
    );
    await expect(call).rejects.toThrow(CasConflictError);
    await expect(call).rejects.toMatchObject({ key: 'n', attempts: 3, code: 'MEMCACHED_CAS_CONFLICT' });
    expect(cache.counters.casRetry).toBe(3);
    expect(fleet.server.valueOf('n')).toBe(100);
  });

  it('pause at random up to a bound that doubles, 64 times at most', async () => {
    const fleet = new Fleet();
    fleet.randomSource = () => 0.999_999;
    const { cache } = fleet.start();
    await cache.set('n', 0);
    const at: number[] = [];
    const call = cache.update<number>(
      'n',
      () => {
        at.push(Math.round(fleet.clock.now()));
        fleet.server.set('n', { value: 100, tags: [], kind: 'value' }, 0);
        return 1;
      },
      { attempts: 10, backoff: '1ms' },
    );
    call.catch(() => undefined);
    await fleet.pass(1000);
    await expect(call).rejects.toThrow('a concurrent change came first in each of 10 attempts');
    expect(at.slice(1).map((time, index) => time - at[index])).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  });

  it('give up before the next attempt when their signal is aborted', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    await cache.set('n', 0);
    const call = cache.update<number>(
      'n',
      () => {
        fleet.server.set('n', { value: 100, tags: [], kind: 'value' }, 0);
        controller.abort();
        return 1;
      },
      { signal: controller.signal },
    );
    await expect(call).rejects.toThrow('This operation was aborted');
  });
});

describe('an update in doubt', () => {
  it('tries again when what it has read may be another item by now, and deletes nothing', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('stock', 900, { ttl: 'never' });
    let calls = 0;
    const updated = cache.update(
      'stock',
      (left) => {
        calls += 1;
        if (calls === 1) fleet.server.restarts += 1;
        return left - 1;
      },
      { initial: 5 },
    );
    await expect(fleet.until(updated)).resolves.toBe(899);
    expect(calls).toBe(2);
    expect(cache.counters.casRetry).toBe(1);
    expect(fleet.server.valueOf('stock')).toBe(899);
  });

  it('believes that it was stored, whatever happens elsewhere meanwhile', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('stock', 900);
    store.after = (operation) => {
      if (operation === 'write') fleet.server.restarts += 1;
    };
    await expect(cache.update('stock', (left) => left - 1, { initial: 5 })).resolves.toBe(899);
    expect(fleet.server.valueOf('stock')).toBe(899);
  });

  it('leaves alone what it cannot read, stale or not, and says so', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const read = store.read.bind(store);
    store.read = async (...given) => ({ ...(await read(...given)), value: undefined });
    await cache.set('balance', 12_345);
    const next = jest.fn(() => 0);
    await expect(cache.update('balance', next, { initial: 1 })).rejects.toThrow(CodecError);
    await expect(cache.update('balance', next, { initial: 1 })).rejects.toThrow('cannot be read');
    await cache.invalidate('balance', { soft: '60s' });
    await expect(cache.update('balance', next, { initial: 1 })).rejects.toThrow(CodecError);
    await settled();
    expect(next).not.toHaveBeenCalled();
    expect(fleet.server.valueOf('balance')).toBe(12_345);
    expect(cache.counters.unreadable).toBe(3);
  });

  it('does not begin where a miss is made up for a server that is away', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.read = () =>
      Promise.resolve({
        hit: false,
        value: undefined,
        cas: '0',
        ttl: undefined,
        won: false,
        busy: false,
        stale: false,
      });
    const next = jest.fn(() => 0);
    await expect(cache.update('stock', next, { initial: 1 })).rejects.toThrow(ConnectionError);
    expect(next).not.toHaveBeenCalled();
  });
});

describe('an update whose tags cannot be read', () => {
  it('leaves no lease behind', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ lease: '10s' });
    store.before = failingTags;
    await expect(cache.update<number>('n', () => 1, { tags: ['t'] })).rejects.toThrow('no tags');
    await settled();
    expect(fleet.server.find('n')).toBeUndefined();
  });

  it.each([
    ['those of its own', ['u']],
    ['those of the value', []],
  ])('leaves the right to refresh a stale value to others: %s', async (_what, tags) => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ lease: '10s' });
    await cache.set('n', 1, { tags: ['t'] });
    await cache.invalidate('n', { soft: '30s' });
    store.before = failingTags;
    await expect(cache.update<number>('n', () => 2, { tags })).rejects.toThrow('no tags');
    await settled();
    expect(fleet.server.find('n')).toMatchObject({ tokenSent: false, stale: true });
    expect(fleet.server.valueOf('n')).toBe(1);
  });
});

describe('an update that would wait for itself', () => {
  it('is refused out of an update of the same key, through others too', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const nested = cache.update<number>('a', async () => {
      await cache.update<number>('b', async () => {
        await cache.update<number>('a', () => 1);
        return 1;
      });
      return 1;
    });
    await expect(fleet.until(nested)).rejects.toThrow(InvalidArgumentError);
    await expect(nested).rejects.toThrow('update("a") is called out of an update of the same key');
    await expect(cache.update<number>('a', () => 2)).resolves.toBe(2);
    await expect(cache.update<number>('b', () => 2)).resolves.toBe(2);
  });

  it('is refused at once where it is called at once', async () => {
    const { cache } = new Fleet().start();
    await expect(cache.update<number>('a', () => cache.update('a', () => 1, { initial: 1 }))).rejects.toThrow(
      'update("a") is called out of an update of the same key',
    );
  });

  it('is refused as a getOrSet out of it, too', async () => {
    const { cache } = new Fleet().start();
    const nested = cache.update<number>('a', () => cache.getOrSet('a', () => 1));
    await expect(nested).rejects.toThrow('getOrSet("a") is called out of an update of the same key');
  });

  it('is none of other keys, nor one that it has set going and that runs after it', async () => {
    const { cache } = new Fleet().start();
    const gate = deferred();
    let later: Promise<number | undefined> | undefined;
    await cache.update<number>('a', async () => {
      later = gate.promise.then(() => cache.update<number>('a', (n) => (n ?? 0) + 1));
      return ((await cache.update<number>('b', () => 1)) ?? 0) + (await cache.getOrSet('c', () => 1));
    });
    gate.resolve();
    await expect(later).resolves.toBe(3);
  });
});

describe('the line of updates of one key', () => {
  it('is left by one whose signal is aborted, and stays a line to those behind it', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const first = deferred<number>();
    const controller = new AbortController();
    const one = cache.update<number>('n', () => first.promise);
    const two = cache.update<number>('n', () => 2, { signal: controller.signal });
    const three = cache.update<number>('n', (n) => (n ?? 0) + 1);
    await settled();
    controller.abort();
    await expect(two).rejects.toThrow('This operation was aborted');
    first.resolve(1);
    await expect(one).resolves.toBe(1);
    await expect(three).resolves.toBe(2);
    expect(cache.counters.casRetry).toBe(0);
  });

  it('is left by one that is at work when its signal is aborted, and nothing is stored', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    const hung = cache.update<number>('n', () => new Promise(() => undefined), { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(hung).rejects.toThrow('This operation was aborted');
    await expect(cache.update<number>('n', () => 1)).resolves.toBe(1);
  });

  it('does not wait for ever behind one that does not come back', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    void cache.update<number>('n', () => new Promise(() => undefined));
    const second = cache.update<number>('n', (n) => (n ?? 0) + 1);
    const third = cache.update<number>('n', (n) => (n ?? 0) + 1);
    await expect(fleet.until(Promise.all([second, third]))).resolves.toEqual([1, 2]);
    expect(cache.counters.casRetry).toBe(0);
    // Its next look finds that the key is not its own any more.
    await fleet.pass(1000);
    expect(fleet.clock.pending).toBe(0);
  });
});

describe('an update beside a load', () => {
  it('stores over the stub of the lease, and the load is not stored over the update', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<number>();
    const loading = a.cache.getOrSet('stock', () => load.promise);
    await settled();
    await expect(b.cache.update('stock', (left) => left - 1, { initial: 900 })).resolves.toBe(899);
    load.resolve(900);
    await expect(loading).resolves.toBe(900);
    expect(fleet.server.valueOf('stock')).toBe(899);
    await expect(a.cache.getOrSet('stock', () => 0)).resolves.toBe(899);
  });

  it('takes nothing from before an invalidation: initial is fetched over a stub that any change removes', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const initial = deferred<number>();
    const first = a.cache.update('stock', (left) => left - 1, {
      initial: () => initial.promise as Promise<number> | number,
    });
    await settled();
    await b.cache.invalidate('stock');
    await b.cache.update('stock', (left) => left - 1, { initial: 500 });
    initial.resolve(900);
    await fleet.pass(10);
    await expect(first).resolves.toBe(498);
    expect(fleet.server.valueOf('stock')).toBe(498);
  });

  it('does not make a stale value fresh again: it begins anew', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('stock', 900);
    await cache.invalidate('stock', { soft: '30s' });
    await expect(cache.update('stock', (left) => left - 1, { initial: 500 })).resolves.toBe(499);
  });

  it('takes a value within its grace for expired', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.set('stock', 900);
    await fleet.pass(12_000);
    await expect(cache.update('stock', (left) => left - 1, { initial: 500 })).resolves.toBe(499);
  });

  it('is seen by the reads of its own process at once', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    void cache.getOrSet('stock', () => new Promise(() => undefined));
    await settled();
    await cache.update('stock', (left) => left - 1, { initial: 900 });
    await expect(cache.getOrSet('stock', () => 0)).resolves.toBe(899);
  });
});

describe('how long an updated value lives', () => {
  it('is what was left of the one it replaces', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '100s', grace: '20s' });
    await cache.set('n', 1);
    await fleet.pass(30_000);
    await cache.update<number>('n', (n) => (n ?? 0) + 1);
    expect(fleet.server.ttlOf('n')).toBe(90);
  });

  it('is for ever, if the one it replaces lived for ever', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('n', 1, { ttl: 'never' });
    await cache.update<number>('n', (n) => (n ?? 0) + 1);
    expect(fleet.server.ttlOf('n')).toBe(-1);
  });

  it("is the cache's ttl and grace for a new one", async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '100s', grace: '20s' });
    await cache.update<number>('n', () => 1);
    expect(fleet.server.ttlOf('n')).toBe(120);
  });

  it('is what the options say', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.update<number>('n', () => 1, { ttl: '50s', grace: '5s' });
    expect(fleet.server.ttlOf('n')).toBe(55);
    await cache.update<number>('n', () => 1, { ttl: 'never' });
    expect(fleet.server.ttlOf('n')).toBe(-1);
  });

  it('neither grows nor shrinks by the rounding of thousands of updates', async () => {
    const fleet = new Fleet();
    const random = seeded(1);
    fleet.randomSource = random;
    const { cache, store } = fleet.start({ ttl: '1000s' });
    await cache.set('n', 0);
    store.before = () => new Promise((resolve) => void fleet.clock.after(10 + random() * 20, resolve));
    const count = async (): Promise<void> => {
      while (fleet.clock.now() < 100_000) await cache.update<number>('n', (n) => (n ?? 0) + 1);
    };
    await fleet.until(count());
    expect(fleet.server.valueOf('n')).toBeGreaterThan(2000);
    const left = fleet.server.ttlOf('n') as number;
    expect(left).toBeGreaterThan(900 - 45);
    expect(left).toBeLessThan(900 + 45);
  });
});

describe('the tags of an updated value', () => {
  it('are handed on by the one it replaces', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('n', 1, { tags: ['x'] });
    await cache.update<number>('n', (n) => (n ?? 0) + 1);
    await cache.invalidateTags('x');
    await expect(cache.get('n')).resolves.toBeUndefined();
  });

  it('are those of the options for a new one', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ namespaces: ['n:'] });
    await cache.update<number>('n:1', () => 1, { tags: ['x'] });
    await expect(cache.get('n:1')).resolves.toBe(1);
    await cache.invalidateTags('x');
    await expect(cache.get('n:1')).resolves.toBeUndefined();
    await cache.update<number>('n:1', () => 1);
    await cache.invalidateNamespace('n:');
    await expect(cache.get('n:1')).resolves.toBeUndefined();
  });

  it('outdated, make the value count as missing', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('n', 1, { tags: ['x'] });
    await cache.invalidateTags('x');
    await expect(cache.update('n', (n) => n + 1, { initial: 500 })).resolves.toBe(501);
  });
});

function failingTags(operation: string): void {
  if (operation === 'tagState') throw new Error('no tags');
}
