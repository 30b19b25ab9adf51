import { describe, expect, it, jest } from '@jest/globals';
import { pause } from '../../lib/cache/pause.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet, type Member } from './support/fleet.js';

function never(): never {
  throw new Error('the loader must not be called');
}

/** A load that takes its time in one process of two. */
async function loading(options: MemcachedCacheOptions = {}): Promise<{
  fleet: Fleet;
  a: Member;
  b: Member;
  finish: (value: string) => void;
  first: Promise<string>;
}> {
  const fleet = new Fleet();
  const a = fleet.start(options);
  const b = fleet.start(options);
  const load = deferred<string>();
  const first = a.cache.getOrSet('k', () => load.promise);
  await settled();
  return { fleet, a, b, finish: load.resolve, first };
}

describe('a load that takes longer than the lease', () => {
  it('is the only one: its process shows signs of life, and the others wait', async () => {
    const { fleet, a, b, finish, first } = await loading();
    const second = b.cache.getOrSet('k', never);
    await fleet.pass(20_000);
    finish('value');
    await fleet.pass(300);
    await expect(Promise.all([first, second])).resolves.toEqual(['value', 'value']);
    expect(fleet.server.valueOf('k')).toBe('value');
    expect(a.cache.counters).toMatchObject({ leaseLost: 0 });
    expect(fleet.clock.pending).toBe(0);
  });

  it('holds a lease, until it ends or a sign of life finds that the key was invalidated', async () => {
    const one = await loading();
    expect([one.a.cache.leases, one.b.cache.leases]).toEqual([1, 0]);
    await one.fleet.pass(5000);
    expect(one.a.cache.leases).toBe(1);
    one.finish('value');
    await settled();
    expect(one.a.cache.leases).toBe(0);
    const other = await loading();
    await other.fleet.until(other.b.cache.invalidate('k'));
    await other.fleet.pass(1100);
    expect(other.a.cache.leases).toBe(0);
    other.finish('value');
    await other.first;
  });

  it('keeps the ttl of its value, whenever it ends', async () => {
    for (const takes of [600, 666, 700, 701, 1400, 2100]) {
      const { fleet, finish } = await loading({ ttl: '60s' });
      await fleet.pass(takes);
      finish('value');
      await fleet.pass(5000);
      expect(fleet.server.ttlOf('k')).toBeGreaterThanOrEqual(54);
    }
  });

  it('shows no sign before a third of the lease is over', async () => {
    const { fleet, a, finish } = await loading({ lease: '3s' });
    await fleet.pass(900);
    finish('value');
    await settled();
    expect(a.store.log).toEqual(['read k', 'write k']);
  });

  it('asks once in a turn for all loads that began about the same time', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const load = deferred<string>();
    for (const key of ['a', 'b', 'c']) {
      void cache.getOrSet(key, () => load.promise);
      await fleet.pass(5);
    }
    expect(fleet.clock.pending).toBe(1);
    await fleet.pass(800);
    expect(store.log.filter((line) => line.startsWith('prolong'))).toEqual([
      'prolong a',
      'prolong b',
      'prolong c',
    ]);
    load.resolve('value');
  });

  it('loses its right when its process stands still, and is not stored then', async () => {
    const { fleet, a, b, finish, first } = await loading();
    // The process stands still: none of its timers fires, and the server's time goes on.
    fleet.server.time += 4;
    await expect(b.cache.getOrSet('k', () => 'from b')).resolves.toBe('from b');
    finish('from a');
    await expect(first).resolves.toBe('from a');
    expect(fleet.server.valueOf('k')).toBe('from b');
    expect(a.cache.counters.leaseLost).toBe(1);
  });

  it('neither prolongs nor ends what another process has stored meanwhile, and hands it to those who came later', async () => {
    const { fleet, a, b } = await loading({ ttl: '60s' });
    fleet.server.time += 4;
    await b.cache.getOrSet('k', () => 'from b');
    const late = a.cache.getOrSet('k', never);
    await fleet.pass(1000);
    await expect(late).resolves.toBe('from b');
    expect(fleet.server.ttlOf('k')).toBe(59);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('from b');
  });

  it('costs the others the lease and a second when its process dies', async () => {
    const { fleet, a, b } = await loading();
    await fleet.pass(5000);
    a.store.breakDown();
    let at = 0;
    const second = b.cache.getOrSet('k', () => {
      at = fleet.clock.now();
      return 'from b';
    });
    await fleet.pass(3500);
    await expect(second).resolves.toBe('from b');
    expect(at - 5000).toBeLessThanOrEqual(3250);
  });
});

describe('a load that hangs', () => {
  it('shows no more signs after 30 s: another process computes', async () => {
    const { fleet, b } = await loading();
    const second = b.cache.getOrSet('k', () => 'from b');
    await fleet.pass(34_000);
    await expect(second).resolves.toBe('from b');
    expect(fleet.server.valueOf('k')).toBe('from b');
  });

  it('does not hang its key for its own process then, nor those who wait for it', async () => {
    const { fleet, a, first } = await loading();
    await fleet.pass(34_000);
    await expect(a.cache.getOrSet('k', () => 'again')).resolves.toBe('again');
    await fleet.pass(1000);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('again');
    expect(a.cache.counters.load).toBe(2);
    // Its own caller began before that load did, and is served by what it stored.
    await expect(first).resolves.toBe('again');
  });

  it('begun while the store was away is made good by what others store later', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    a.store.breakDown();
    const first = a.cache.getOrSet<string>('k', () => new Promise(() => undefined));
    await settled();
    a.store.mend();
    await b.cache.getOrSet('k', () => 'good');
    await fleet.pass(1000);
    await expect(first).resolves.toBe('good');
  });
});

describe('a refresh of a stale value that takes longer than the lease', () => {
  it('is the only one, and leaves the ttl of the stale value as it is', async () => {
    const { fleet, a, b } = await staleFleet();
    const load = deferred<string>();
    await a.cache.getOrSet('k', () => load.promise);
    const left = fleet.server.ttlOf('k') as number;
    for (let second = 0; second < 20; second += 1) {
      await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
      await fleet.pass(1000);
    }
    expect(fleet.server.ttlOf('k')).toBe(left - 20);
    load.resolve('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(b.cache.counters).toMatchObject({ takeOver: 0, load: 0 });
  });

  it('that fails again and again does not wear the grace away', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: 0 });
    const left = fleet.server.ttlOf('k') as number;
    const failing = jest.fn(() => Promise.reject(new Error('no database')));
    for (let read = 0; read < 200; read += 1) {
      await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
      await settled();
    }
    expect(failing).toHaveBeenCalledTimes(200);
    expect(fleet.server.ttlOf('k')).toBe(left);
  });
});

describe('a look of a load at its key', () => {
  it.each([
    ['is answered after the load', false],
    ['gets no answer', true],
  ])('keeps no right to refresh what was softly invalidated where it %s', async (_when, isLost) => {
    const { fleet, a, b, finish, first } = await loading();
    await b.cache.set('k', 'from b');
    await b.cache.invalidate('k', { soft: '60s' });
    const answer = deferred();
    let right = false;
    a.store.after = async (operation) => {
      if (operation !== 'read') return;
      right ||= fleet.server.find('k')?.tokenSent === true;
      if (isLost) throw new Error('the connection broke');
      await answer.promise;
    };
    await fleet.pass(1000);
    finish('from a');
    await expect(first).resolves.toBe('from a');
    answer.resolve();
    await settled();
    expect(right).toBe(true);
    expect(fleet.server.valueOf('k')).toBe('from b');
    expect(fleet.server.find('k')?.tokenSent).not.toBe(true);
  });

  it('that gets no answer takes no lease from anybody', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    a.store.breakDown();
    const blind = a.cache.getOrSet<string>('k', () => new Promise(() => undefined));
    await settled();
    a.store.mend();
    a.store.after = (operation) => {
      if (operation === 'read') throw new Error('the connection broke');
    };
    const load = deferred<string>();
    const second = b.cache.getOrSet('k', () => load.promise);
    await fleet.pass(3000);
    load.resolve('from b');
    await expect(second).resolves.toBe('from b');
    expect(fleet.server.valueOf('k')).toBe('from b');
    a.store.after = undefined;
    await expect(fleet.until(blind)).resolves.toBe('from b');
  });
});

describe('what an update or a method makes for longer than the lease', () => {
  it.each(['initial', 'next'])('is stored at the first attempt where %s takes long', async (what) => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const slow = jest.fn(async (value: number) => {
      await pause(fleet.clock, 20_000);
      return value;
    });
    const update = cache.update<number>('stock', (left) => (what === 'next' ? slow(left - 1) : left - 1), {
      initial: () => (what === 'initial' ? slow(900) : 900),
    });
    await fleet.pass(1000);
    expect(cache.leases).toBe(1);
    await expect(fleet.until(update)).resolves.toBe(899);
    expect(slow).toHaveBeenCalledTimes(1);
    expect(fleet.server.valueOf('stock')).toBe(899);
    expect(cache.counters.casRetry).toBe(0);
    expect([cache.leases, fleet.clock.pending]).toEqual([0, 0]);
  });

  it('is what those wait for who want the key', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const update = a.cache.update<string>('k', () => pause(fleet.clock, 10_000).then(() => 'updated'));
    await settled();
    const read = b.cache.getOrSet('k', never);
    await expect(fleet.until(Promise.all([update, read]))).resolves.toEqual(['updated', 'updated']);
  });

  it('tries again at once after an invalidation', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    let calls = 0;
    const initial = (): Promise<number> => {
      calls += 1;
      return pause(fleet.clock, 5000).then(() => calls);
    };
    const update = a.cache.update<number>('k', (current) => current, { initial });
    await fleet.pass(3000);
    await b.cache.invalidate('k');
    await expect(fleet.until(update)).resolves.toBe(2);
    expect(fleet.server.valueOf('k')).toBe(2);
  });

  it('keeps its lease though a read of the key fails', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const update = cache.update<string>('k', () => pause(fleet.clock, 5000).then(() => 'updated'));
    await fleet.pass(1500);
    store.after = () => {
      throw new Error('the connection broke');
    };
    await expect(cache.getOrSet('k', () => 'for itself')).resolves.toBe('for itself');
    store.after = undefined;
    await expect(fleet.until(update)).resolves.toBe('updated');
    expect(cache.counters.casRetry).toBe(0);
  });

  it.each(['nothing', 'a stale value'])(
    'is stored by beginSet over %s, which nobody replaces',
    async (what) => {
      const fleet = new Fleet();
      const a = fleet.start({ grace: '1m' });
      const b = fleet.start({ grace: '1m' });
      if (what === 'a stale value') {
        await b.cache.set('k', 'old');
        await b.cache.invalidate('k', { soft: '1m' });
      }
      const place = await a.cache.beginSet('k');
      for (let second = 0; second < 10; second += 1) {
        await fleet.pass(1000);
        if (what === 'a stale value') await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
      }
      await expect(place.store('made')).resolves.toBe(true);
      await expect(b.cache.getOrSet('k', never)).resolves.toBe('made');
      expect(b.cache.counters.takeOver).toBe(0);
      expect([a.cache.leases, fleet.clock.pending]).toEqual([0, 0]);
    },
  );

  it('is not stored by beginSet after an invalidation, which ends its signs', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const place = await a.cache.beginSet('k');
    await fleet.pass(2000);
    await b.cache.invalidate('k');
    await fleet.pass(1000);
    expect([a.cache.leases, fleet.clock.pending]).toEqual([0, 0]);
    await expect(place.store('older')).resolves.toBe(false);
  });

  it('is given up when it hangs, or its place is forgotten: another process computes', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.beginSet('forgotten');
    void a.cache.update('hanging', () => new Promise<string>(() => undefined));
    await settled();
    const reads = ['forgotten', 'hanging'].map((key) => b.cache.getOrSet(key, () => 'from b'));
    await fleet.pass(34_000);
    await expect(Promise.all(reads)).resolves.toEqual(['from b', 'from b']);
    expect([a.cache.leases, fleet.clock.pending]).toEqual([0, 0]);
  });

  it('leaves no timer when the cache is closed', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.beginSet('k');
    void cache.update('hanging', () => new Promise<string>(() => undefined));
    await fleet.pass(1000);
    await cache.close();
    expect([cache.leases, fleet.clock.pending]).toEqual([0, 0]);
  });
});

async function staleFleet(
  options: MemcachedCacheOptions = {},
): Promise<{ fleet: Fleet; a: Member; b: Member }> {
  const fleet = new Fleet();
  const a = fleet.start({ ttl: '10s', grace: '60s', ...options });
  const b = fleet.start({ ttl: '10s', grace: '60s', ...options });
  await a.cache.getOrSet('k', () => 'old');
  await fleet.pass(12_000);
  return { fleet, a, b };
}
