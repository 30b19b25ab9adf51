import { describe, expect, it } from '@jest/globals';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet, type Member } from './support/fleet.js';

const POLICY: MemcachedCacheOptions = { ttl: '10s', grace: '20s', lease: '5s' };

/** A fleet of two in which a value was stored so many seconds ago. */
async function fleetWith(value: string, ageSeconds: number): Promise<{ fleet: Fleet; a: Member; b: Member }> {
  const fleet = new Fleet();
  const a = fleet.start(POLICY);
  const b = fleet.start(POLICY);
  await a.cache.getOrSet('k', () => value);
  await fleet.pass(ageSeconds * 1000);
  a.store.log.length = 0;
  return { fleet, a, b };
}

function never(): never {
  throw new Error('the loader must not be called');
}

describe('the read table: a fresh value', () => {
  it('is returned by one read and nothing else', async () => {
    const { a } = await fleetWith('old', 0);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(a.store.log).toEqual(['read k']);
    expect(a.cache.counters).toMatchObject({ hit: 1, load: 1, stale: 0, refresh: 0 });
  });

  it('is fresh up to the last second of its ttl, and stale with the next, by the clock of the server', async () => {
    const { fleet, a } = await fleetWith('old', 9);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(a.cache.counters).toMatchObject({ hit: 1, stale: 0 });
    await fleet.pass(1000);
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    expect(a.cache.counters).toMatchObject({ hit: 1, stale: 1, refresh: 1 });
  });

  it('is stored for its ttl and its grace', async () => {
    const { fleet } = await fleetWith('old', 0);
    expect(fleet.server.ttlOf('k')).toBe(30);
  });

  it('without grace is a miss after its ttl', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(10_000);
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(cache.counters).toMatchObject({ miss: 2, stale: 0 });
  });

  it('that never expires stays, whatever the grace', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: 'never', grace: '10s' });
    await cache.getOrSet('k', () => 'old');
    expect(fleet.server.ttlOf('k')).toBe(-1);
    await fleet.pass(100_000);
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
  });
});

describe('the read table: nothing there, and the lease is ours', () => {
  it('loads, and stores over what the read found', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(store.log).toEqual(['read k', 'write k']);
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(cache.counters).toMatchObject({ miss: 1, leaseWon: 1, load: 1, leaseLost: 0 });
  });
});

describe('the read table: nothing there, and another process has the lease', () => {
  it('waits for the value of the other, and takes it', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    const second = b.cache.getOrSet('k', never);
    await fleet.pass(100);
    load.resolve('new');
    await fleet.pass(100);
    await expect(Promise.all([first, second])).resolves.toEqual(['new', 'new']);
    expect(b.cache.counters).toMatchObject({ miss: 1, leaseWaited: 1, load: 0 });
  });

  it('looks again soon at first and seldom later, so that the wait is hardly longer than the load', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    void b.cache.getOrSet('k', never);
    await fleet.pass(100);
    const early = b.store.log.length;
    expect(early).toBeGreaterThan(8);
    await fleet.pass(9000);
    expect(b.store.log.length - early).toBeLessThan(80);
  });

  it('computes at once when the other fails, and all who waited do', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    const second = b.cache.getOrSet('k', () => 'from b');
    await fleet.pass(50);
    load.reject(new Error('no database'));
    await expect(first).rejects.toThrow('no database');
    await fleet.pass(50);
    await expect(second).resolves.toBe('from b');
    expect(b.cache.counters).toMatchObject({ leaseWaited: 1, load: 1 });
    expect(fleet.server.valueOf('k')).toBe('from b');
  });

  it('takes the lease when it runs out, since its holder may have died', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ lease: '5s' });
    const b = fleet.start({ lease: '5s' });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    let at = 0;
    const second = b.cache.getOrSet('k', () => {
      at = fleet.clock.now();
      return 'from b';
    });
    await fleet.pass(6500);
    await expect(second).resolves.toBe('from b');
    expect(at).toBeGreaterThanOrEqual(5000);
    expect(at).toBeLessThanOrEqual(6250);
  });

  it('computes after leaseWait, and stores over the stub that it has seen', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ leaseWait: '300ms' });
    const b = fleet.start({ leaseWait: '300ms' });
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    const second = b.cache.getOrSet('k', () => 'from b');
    await fleet.pass(299);
    expect(b.cache.counters.load).toBe(0);
    await fleet.pass(1);
    await expect(second).resolves.toBe('from b');
    expect(fleet.server.valueOf('k')).toBe('from b');
    load.resolve('from a');
    await expect(first).resolves.toBe('from a');
    expect(fleet.server.valueOf('k')).toBe('from b');
    expect(a.cache.counters.leaseLost).toBe(1);
  });

  it('computes at once where the policy says so', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ leaseWait: 0 });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    await expect(b.cache.getOrSet('k', () => 'from b')).resolves.toBe('from b');
    expect(b.cache.counters.leaseWaited).toBe(0);
  });

  it('computes at once where leaseWait is 0', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ leaseWait: 0 });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    await expect(b.cache.getOrSet('k', () => 'from b')).resolves.toBe('from b');
  });
});

describe('the read table: a stale value, and its refresh is ours', () => {
  it('is served at once and computed behind the response', async () => {
    const { fleet, a } = await fleetWith('old', 10);
    const load = deferred<string>();
    await expect(a.cache.getOrSet('k', () => load.promise)).resolves.toBe('old');
    load.resolve('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(fleet.server.ttlOf('k')).toBe(30);
    expect(a.cache.counters).toMatchObject({ stale: 1, refresh: 1, leaseWon: 2, load: 2 });
  });

  it('is computed first with serveStale: false', async () => {
    const { a } = await fleetWith('old', 10);
    await expect(a.cache.getOrSet('k', () => 'new', { serveStale: false })).resolves.toBe('new');
    expect(a.cache.counters).toMatchObject({ stale: 0, refresh: 0 });
  });

  it('is refreshed by one of all who ask in this process', async () => {
    const { a } = await fleetWith('old', 10);
    const load = deferred<string>();
    const calls = Array.from({ length: 20 }, () => a.cache.getOrSet('k', () => load.promise));
    await expect(Promise.all(calls)).resolves.toEqual(Array.from({ length: 20 }, () => 'old'));
    await a.cache.getOrSet('k', never);
    expect(a.cache.counters).toMatchObject({ load: 2, refresh: 1, stale: 21 });
  });
});

describe('the read table: a stale value, and another process refreshes it', () => {
  it('is served', async () => {
    const { a, b } = await fleetWith('old', 10);
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(b.cache.counters).toMatchObject({ stale: 1, refresh: 0, load: 0 });
  });

  it('is waited for with serveStale: false', async () => {
    const { fleet, a, b } = await fleetWith('old', 10);
    const load = deferred<string>();
    void a.cache.getOrSet('k', () => load.promise);
    await settled();
    const read = b.cache.getOrSet('k', never, { serveStale: false });
    await fleet.pass(100);
    load.resolve('new');
    await fleet.pass(100);
    await expect(read).resolves.toBe('new');
  });
});

describe('the read table: what nobody can be served', () => {
  it('is loaded and replaced by one process, though bytes were there that none can read', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    for (const { store } of [a, b]) {
      const read = store.read.bind(store);
      store.read = async (key, lease, recache) => {
        const reading = await read(key, lease, recache);
        return reading.value?.value === 'pickle' ? { ...reading, value: undefined } : reading;
      };
    }
    fleet.server.set('k', { value: 'pickle', tags: [], kind: 'value' }, 0);
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    const second = b.cache.getOrSet('k', never);
    await fleet.pass(20);
    load.resolve('new');
    await fleet.pass(20);
    await expect(Promise.all([first, second])).resolves.toEqual(['new', 'new']);
    expect(a.cache.counters).toMatchObject({ unreadable: 1, miss: 1, load: 1 });
  });
});

describe('values', () => {
  it.each([0, '', false, null, Number.NaN, { a: [1, { b: null }] }])(
    'are cached whatever they are: %j',
    async (value) => {
      const fleet = new Fleet();
      const { cache } = fleet.start();
      await cache.getOrSet('k', () => value as unknown);
      await expect(cache.getOrSet<unknown>('k', never)).resolves.toEqual(value);
    },
  );

  it('that are undefined are returned and not cached, and nobody waits for the lease', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await expect(cache.getOrSet('k', () => undefined)).resolves.toBeUndefined();
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss-result');
    await expect(cache.getOrSet<unknown>('k', () => 'now')).resolves.toBe('now');
  });

  it('that are undefined are cached with cacheUndefined', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ cacheUndefined: true });
    await cache.getOrSet('k', () => undefined);
    await expect(cache.getOrSet<unknown>('k', never)).resolves.toBeUndefined();
  });

  it('that are null live for nullTtl', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10m', nullTtl: '5s' });
    await cache.getOrSet('k', () => null);
    expect(fleet.server.ttlOf('k')).toBe(5);
  });

  it('that are null are not cached with nullTtl: 0', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ nullTtl: 0 });
    await expect(cache.getOrSet('k', () => null)).resolves.toBeNull();
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss-result');
  });

  it('live as long as a function of them says', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => ({ seconds: 7 }), { ttl: ({ seconds }) => seconds * 1000 });
    expect(fleet.server.ttlOf('k')).toBe(7);
  });

  it('lose up to the fraction of their ttl that jitter says, and never all of it', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '100s', jitter: 0.2 });
    fleet.randomSource = () => 0.999;
    await cache.getOrSet('most', () => 1);
    expect(fleet.server.ttlOf('most')).toBe(81);
    fleet.randomSource = () => 0;
    await cache.getOrSet('none', () => 1);
    expect(fleet.server.ttlOf('none')).toBe(100);
    fleet.randomSource = () => 0.999;
    await cache.getOrSet('all', () => 1, { ttl: '1s', jitter: 1 });
    expect(fleet.server.ttlOf('all')).toBe(1);
  });
});

describe('a look', () => {
  it('returns what is fresh, computes nothing and leaves no stub', async () => {
    const { fleet, a } = await fleetWith('old', 0);
    await expect(a.cache.get('k')).resolves.toBe('old');
    await expect(a.cache.get('other')).resolves.toBeUndefined();
    expect(fleet.server.items.has('other')).toBe(false);
  });

  it('does not see what is stale, and hands on the right that came with it', async () => {
    const { fleet, a, b } = await fleetWith('old', 0);
    await a.cache.invalidate('k', { soft: '20s' });
    await expect(a.cache.get('k')).resolves.toBeUndefined();
    await settled();
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});
