import { describe, expect, it } from '@jest/globals';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import type { MemcachedCacheOptions, ItemOptions } from '../../lib/options/cache-options.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

function never(): never {
  throw new Error('the loader must not be called');
}

describe('tags', () => {
  it('invalidate every value that bears them, in every process', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.getOrSet('one', () => 'old', { tags: ['x'] });
    await a.cache.getOrSet('two', () => 'old', { tags: ['x', 'y'] });
    await a.cache.getOrSet('three', () => 'old', { tags: ['y'] });
    await b.cache.invalidateTags('x');
    await expect(b.cache.getOrSet('one', () => 'new', { tags: ['x'] })).resolves.toBe('new');
    await expect(a.cache.getOrSet('two', () => 'new', { tags: ['x', 'y'] })).resolves.toBe('new');
    await expect(a.cache.getOrSet('three', never, { tags: ['y'] })).resolves.toBe('old');
  });

  it('are read together with the value, in one trip', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.getOrSet('k', () => 'old', { tags: ['x', 'y'] });
    store.log.length = 0;
    const gate = deferred();
    store.before = () => gate.promise;
    const call = cache.getOrSet('k', never, { tags: ['x', 'y'] });
    await settled();
    expect(store.log.toSorted()).toEqual(['read k', 'tagState x', 'tagState y']);
    gate.resolve();
    await expect(call).resolves.toBe('old');
  });

  it('are read once per turn, however many values bear them', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await Promise.all(['a', 'b', 'c'].map((key) => cache.getOrSet(key, () => key, { tags: ['x'] })));
    expect(store.log.filter((entry) => entry === 'tagState x')).toHaveLength(1);
  });

  it('outdated, cost one load in the whole fleet', async () => {
    const fleet = new Fleet();
    const members = [
      fleet.start({ tags: ['x'] }),
      fleet.start({ tags: ['x'] }),
      fleet.start({ tags: ['x'] }),
    ];
    await members[0].cache.getOrSet('k', () => 'old');
    await members[0].cache.invalidateTags('x');
    const load = deferred<string>();
    let loads = 0;
    const calls = members.map(({ cache }) =>
      cache.getOrSet('k', () => {
        loads += 1;
        return load.promise;
      }),
    );
    await fleet.pass(50);
    load.resolve('new');
    await fleet.pass(50);
    await expect(Promise.all(calls)).resolves.toEqual(['new', 'new', 'new']);
    expect(loads).toBe(1);
  });

  it('bumped while a value is being loaded make it outdated from the start', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ tags: ['x'] });
    const b = fleet.start({ tags: ['x'] });
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidateTags('x');
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('bumped while a value is being loaded keep it from those who join after that', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ tags: ['x'] });
    const b = fleet.start({ tags: ['x'] });
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidateTags('x');
    const late = a.cache.getOrSet('k', () => 'new');
    await settled();
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await expect(late).resolves.toBe('new');
  });

  it('that were lost make no old value valid again', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'] });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidateTags('x');
    fleet.server.items.delete('tag:x');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    fleet.server.items.delete('tag:x');
    await expect(cache.getOrSet('k', () => 'newer')).resolves.toBe('newer');
  });

  it('that a policy has gained since a value was stored make it outdated', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => 'old');
    await expect(cache.getOrSet('k', () => 'new', { tags: ['x'] })).resolves.toBe('new');
  });

  it('that a policy has lost since still invalidate the value that bears them', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', () => 'old', { tags: ['x'] });
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
    await cache.invalidateTags('x');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('that cannot be read make the value one that is not served, and nothing is stored', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ tags: ['x'] });
    await cache.getOrSet('k', () => 'old');
    store.before = (operation) => {
      if (operation === 'tagState') throw new Error('the connection broke');
    };
    await expect(cache.getOrSet('k', () => 'unstored')).resolves.toBe('unstored');
    expect(fleet.server.valueOf('k')).toBe('old');
    store.before = undefined;
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
  });

  it('that cannot be read leave no lease behind where that is thrown', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ tags: ['x'], onStoreError: 'throw' });
    store.before = (operation) => {
      if (operation === 'tagState') throw new Error('the connection broke');
    };
    await expect(cache.getOrSet('k', () => 'unstored')).rejects.toThrow('the connection broke');
    await settled();
    expect(fleet.server.find('k')).toBeUndefined();
  });

  it('that cannot be read keep nobody waiting for another process, whose value could not be served', async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.start({ tags: ['x'] }), fleet.start({ tags: ['x'] })];
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    b.store.before = (operation) => {
      if (operation === 'tagState') throw new Error('the connection broke');
    };
    await expect(b.cache.getOrSet('k', () => 'unstored')).resolves.toBe('unstored');
    load.resolve('loaded');
    await expect(first).resolves.toBe('loaded');
    expect(fleet.server.valueOf('k')).toBe('loaded');
  });

  it('are compared on stale values as well: an outdated one is never served', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s', tags: ['x'] });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    await cache.invalidateTags('x');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('go with a value that is put', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'] });
    await cache.set('k', 'put');
    await expect(cache.getOrSet('k', never)).resolves.toBe('put');
    await cache.invalidateTags('x');
    await expect(cache.get('k')).resolves.toBeUndefined();
  });

  it('that are to be invalidated on a server that is away are counted, not thrown', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.invalidateTags('x', 'y')).resolves.toBeUndefined();
    expect(cache.counters).toMatchObject({ storeError: 2, invalidation: 2 });
  });
});

describe('tags invalidated softly', () => {
  it('leave their values to be served while one process computes them anew', async () => {
    const fleet = new Fleet();
    const members = [1, 2, 3].map(() => fleet.start({ tags: ['x'], ttl: '1h' }));
    await members[0].cache.getOrSet('k', () => 'old');
    await members[1].cache.invalidateTags('x', { soft: '30s' });
    const load = deferred<string>();
    let loads = 0;
    const loader = (): Promise<string> => {
      loads += 1;
      return load.promise;
    };
    for (const { cache } of members) await expect(cache.getOrSet('k', loader)).resolves.toBe('old');
    await settled();
    expect(loads).toBe(1);
    load.resolve('new');
    await settled();
    for (const { cache } of members) await expect(cache.getOrSet('k', never)).resolves.toBe('new');
    expect(fleet.server.ttlOf('k')).toBe(3600);
  });

  it('no longer do so when their time is over', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'], ttl: '1h' });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidateTags('x', { soft: '30s' });
    await fleet.pass(30_000);
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('no longer do so once they are invalidated for good', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'], ttl: '1h' });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidateTags('x', { soft: '30s' });
    await cache.invalidateTags('x');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('are waited for with serveStale: false', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'], ttl: '1h', serveStale: false });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidateTags('x', { soft: '30s' });
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('keep a value that is being loaded from being taken for fresh', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ tags: ['x'] });
    const b = fleet.start({ tags: ['x'] });
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    await b.cache.invalidateTags('x', { soft: '30s' });
    load.resolve('old');
    await first;
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('new');
  });

  it('leave values that never expire to be served as well', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ tags: ['x'], ttl: 'never' });
    await cache.getOrSet('k', () => 'old');
    await cache.invalidateTags('x', { soft: '30s' });
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(fleet.server.ttlOf('k')).toBe(-1);
  });

  it('are not what an update begins with', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('n', 900, { tags: ['x'] });
    await cache.invalidateTags('x', { soft: '30s' });
    await expect(cache.update('n', (n) => n - 1, { initial: 500 })).resolves.toBe(499);
  });

  it('may be those of a namespace', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ namespaces: ['shop:'] });
    await cache.getOrSet('shop:1', () => 'old');
    await cache.invalidateNamespace('shop:', { soft: '30s' });
    await expect(cache.getOrSet('shop:1', () => 'new')).resolves.toBe('old');
  });
});

describe('tags known only from the value', () => {
  it('invalidate it like others', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.getOrSet('other', () => 1, { tags: ['author:7'] });
    await fleet.pass(3000);
    const load = (value: string) => (context: { tag(...tags: string[]): void }) => {
      context.tag('author:7');
      return value;
    };
    await cache.getOrSet('k', load('old'));
    store.log.length = 0;
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
    expect(store.log.toSorted()).toEqual(['read k', 'tagState author:7']);
    await cache.invalidateTags('author:7');
    await expect(cache.getOrSet('k', load('new'))).resolves.toBe('new');
  });

  it('keep the value from being stored when one of them was bumped since the load began', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await b.cache.getOrSet('other', () => 1, { tags: ['author:7'] });
    await fleet.pass(60_000);
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', async (context) => {
      const value = await load.promise;
      context.tag('author:7');
      return value;
    });
    await settled();
    await b.cache.invalidateTags('author:7');
    await b.cache.getOrSet('other', () => 2, { tags: ['author:7'] });
    await fleet.pass(2000);
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBeUndefined();
    expect(a.cache.counters.leaseLost).toBe(1);
  });

  it('that are new to the store keep the value out once, and are read beforehand the next time', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const load = (context: { tag(...tags: string[]): void }): string => {
      context.tag('author:7');
      return 'value';
    };
    await cache.getOrSet('k', load);
    await settled();
    expect(fleet.server.valueOf('k')).toBeUndefined();
    await cache.getOrSet('k', load);
    expect(fleet.server.valueOf('k')).toBe('value');
  });

  it('are read by another process in a second trip', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = (context: { tag(...tags: string[]): void }): string => {
      context.tag('author:7');
      return 'value';
    };
    await a.cache.getOrSet('k', load);
    await a.cache.getOrSet('k', load);
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('value');
    expect(b.store.log).toEqual(['read k', 'tagState author:7']);
    await a.cache.invalidateTags('author:7');
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('are refused when they are no names', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await expect(cache.getOrSet('k', (context) => context.tag(''))).rejects.toThrow(
      'ctx.tag: expected a non-empty string, got an empty one',
    );
  });
});

describe('namespaces', () => {
  it('invalidate everything under a prefix', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ namespaces: ['shop:', 'shop:cart:'] });
    await cache.getOrSet('shop:1', () => 'old');
    await cache.getOrSet('shop:cart:1', () => 'old');
    await cache.getOrSet('user:1', () => 'old');
    await cache.invalidateNamespace('shop:cart:');
    await expect(cache.getOrSet('shop:1', never)).resolves.toBe('old');
    await expect(cache.getOrSet('shop:cart:1', () => 'new')).resolves.toBe('new');
    await cache.invalidateNamespace('shop:');
    await expect(cache.getOrSet('shop:1', () => 'new')).resolves.toBe('new');
    await expect(cache.getOrSet('shop:cart:1', () => 'newer')).resolves.toBe('newer');
    await expect(cache.getOrSet('user:1', never)).resolves.toBe('old');
  });

  it('that were not named in the options are refused', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ namespaces: ['shop:'] });
    await expect(cache.invalidateNamespace('shops:')).rejects.toThrow(
      "invalidateNamespace: 'shops:' is not among the option namespaces ('shop:')",
    );
  });
});

describe('cas of an item with tags', () => {
  it.each<[string, MemcachedCacheOptions, ItemOptions, (cache: CacheEngine) => Promise<void>, string]>([
    ['its tag', {}, { tags: ['x'] }, (cache) => cache.invalidateTags('x'), 'not-found'],
    ['a tag that the new value lacks', {}, {}, (cache) => cache.invalidateTags('x'), 'not-found'],
    ['its tag, softly', {}, {}, (cache) => cache.invalidateTags('x', { soft: '30s' }), 'exists'],
    [
      'its namespace',
      { namespaces: ['shop:'] },
      {},
      (cache) => cache.invalidateNamespace('shop:'),
      'not-found',
    ],
  ])(
    'stores nothing made of what was invalidated since: %s',
    async (_what, options, toBear, invalidate, result) => {
      const fleet = new Fleet();
      const a = fleet.start(options).cache;
      const b = fleet.start(options).cache;
      await a.set('shop:7', 'old', { tags: ['x'] });
      const item = (await a.items.gets('shop:7'))!;
      await invalidate(b);
      await expect(a.items.cas('shop:7', 'made of the old', item.cas, toBear)).resolves.toBe(result);
      await expect(b.get('shop:7')).resolves.toBeUndefined();
    },
  );

  it('stores over what has not changed, also more than once', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ namespaces: ['shop:'] });
    await cache.set('shop:7', 1, { tags: ['x'] });
    for (const next of [2, 3]) {
      const item = (await cache.items.gets('shop:7'))!;
      await expect(cache.items.cas('shop:7', next, item.cas, { tags: ['x', 'y'] })).resolves.toBe('stored');
      await expect(cache.items.cas('shop:7', 9, item.cas)).resolves.toBe('exists');
      await expect(cache.get('shop:7', { tags: ['x', 'y'] })).resolves.toBe(next);
    }
  });

  it('leaves an outdated value behind where its tag is invalidated while it is stored', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    await a.cache.set('k', 'old', { tags: ['x'] });
    const item = (await a.cache.items.gets('k'))!;
    a.store.before = async (operation) => {
      if (operation === 'write') await b.cache.invalidateTags('x');
    };
    await a.cache.items.cas('k', 'made of the old', item.cas, { tags: ['x'] });
    await expect(b.cache.get('k')).resolves.toBeUndefined();
  });

  it('is not removed by who reads it while its tags cannot be read, and gives the right back', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const policy = { tags: ['x'], grace: '1h' } as const;
    await cache.set('k', 'old', policy);
    await cache.invalidate('k', { soft: '1h' });
    store.before = (operation) => {
      if (operation === 'tagState') throw new Error('the connection broke');
    };
    await expect(cache.get('k', { ...policy, stale: true })).resolves.toBeUndefined();
    await settled();
    store.before = undefined;
    expect(fleet.server.find('k')).toMatchObject({ stale: true, tokenSent: false });
    await expect(cache.get('k', { ...policy, stale: true })).resolves.toBe('old');
  });

  it('keeps no right to refresh what was softly invalidated since', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('k', 'old', { tags: ['x'] });
    const item = (await cache.items.gets('k'))!;
    await cache.invalidate('k', { soft: '30s' });
    await expect(cache.items.cas('k', 'made of the old', item.cas)).resolves.toBe('exists');
    await settled();
    expect(fleet.server.find('k')).toMatchObject({ stale: true, tokenSent: false });
  });

  it('asks for nothing more where the item has none', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('k', 1);
    const item = (await cache.items.gets('k'))!;
    store.log.length = 0;
    await cache.items.cas('k', 2, item.cas);
    expect(store.log).toEqual(['write k']);
  });
});
