import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { describe, expect, it, jest } from '@jest/globals';
import { pause } from '../../lib/cache/pause.js';
import type { CachePolicy } from '../../lib/options/cache-options.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

const keyOf = (id: number): string => `product:${id}`;

function rows(ids: readonly number[]): Map<number, string> {
  return new Map(ids.map((id) => [id, `row ${id}`]));
}

function never(): never {
  throw new Error('the loader must not be called');
}

describe('getOrSetMany', () => {
  it('reads all at once and loads all that are missing by one call', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set(keyOf(2), 'cached 2');
    store.log.length = 0;
    const loader = jest.fn((ids: readonly number[]) => Promise.resolve(rows(ids)));
    const values = await cache.getOrSetMany([1, 2, 3], keyOf, loader);
    expect([...values]).toEqual([
      [1, 'row 1'],
      [2, 'cached 2'],
      [3, 'row 3'],
    ]);
    expect(loader).toHaveBeenCalledTimes(1);
    expect(loader.mock.calls[0][0]).toEqual([1, 3]);
    expect(store.log.slice(0, 3)).toEqual(['read product:1', 'read product:2', 'read product:3']);
    expect(fleet.server.valueOf(keyOf(3))).toBe('row 3');
  });

  it('does not call the loader when nothing is missing', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSetMany([1, 2], keyOf, rows);
    await expect(cache.getOrSetMany([2, 1], keyOf, never)).resolves.toEqual(rows([2, 1]));
    await expect(cache.getOrSetMany([], keyOf, never)).resolves.toEqual(new Map());
  });

  it('takes an array in the order of the ids', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const values = await cache.getOrSetMany([1, 2, 3], keyOf, (ids) => ids.map((id) => id * 10));
    expect([...values]).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
  });

  it.each<[string, CachePolicy]>([
    ['with tags', { tags: ['t'] }],
    ['which computes in any case', { forceFresh: true }],
  ])(
    'counts `hardTimeout` from when the loader is called, not from the look at the keys: %s',
    async (_, policy) => {
      const fleet = new Fleet();
      const { cache, store } = fleet.start();
      const read = store.read.bind(store);
      store.read = async (key, ...terms) => {
        if (key === keyOf(2)) await pause(fleet.clock, 500);
        return read(key, ...terms);
      };
      const call = cache.getOrSetMany([1, 2], keyOf, rows, { hardTimeout: '300ms', ...policy });
      await expect(fleet.until(call)).resolves.toEqual(rows([1, 2]));
      const hanging = cache.getOrSetMany([1, 3], keyOf, () => new Promise<never>(() => undefined), {
        hardTimeout: '300ms',
        forceFresh: true,
      });
      await expect(fleet.until(hanging)).rejects.toThrow('was still running after 300 ms (hardTimeout)');
    },
  );

  it('refuses an array that leaves rows out, since it would give values to the wrong ids', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const call = cache.getOrSetMany([1, 2, 3], keyOf, () => ['only one']);
    await expect(call).rejects.toThrow(
      'the loader was asked for 3 ids and returned an array of 1; return a Map by id where ids may be missing',
    );
    await settled();
    for (const id of [1, 2, 3]) expect(fleet.server.find(keyOf(id))?.entry?.kind).toBe('hit-for-miss');
  });

  it('refuses what is neither a map nor an array', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const loader = (() => ({ 1: 'row' })) as unknown as typeof rows;
    await expect(cache.getOrSetMany([1], keyOf, loader)).rejects.toThrow('is to return a Map by id');
  });

  it('leaves ids without a value out, caches null, and does not cache what is absent', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const values = await cache.getOrSetMany(
      [1, 2, 3],
      keyOf,
      () =>
        new Map<number, string | null>([
          [1, 'row'],
          [2, null],
        ]),
    );
    expect([...values]).toEqual([
      [1, 'row'],
      [2, null],
    ]);
    await settled();
    expect([1, 2, 3].map((id) => fleet.server.find(keyOf(id))?.entry?.kind)).toEqual([
      'value',
      'value',
      'hit-for-miss-result',
    ]);
  });

  it('takes ids of one key for one, and ids given twice for one', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const loader = jest.fn((ids: readonly string[]) => new Map(ids.map((id) => [id, id])));
    const values = await cache.getOrSetMany(['A', 'a', 'b', 'b'], (id) => id.toLowerCase(), loader);
    expect(loader.mock.calls[0][0]).toEqual(['A', 'b']);
    expect([...values]).toEqual([
      ['A', 'A'],
      ['a', 'A'],
      ['b', 'b'],
    ]);
  });

  it("throws the loader's own error, and leaves no lease", async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const error = new Error('no database');
    const call = cache.getOrSetMany([1, 2], keyOf, () => Promise.reject<Map<number, string>>(error));
    await expect(call).rejects.toBe(error);
    await settled();
    for (const id of [1, 2]) expect(fleet.server.find(keyOf(id))?.entry?.kind).toBe('hit-for-miss');
  });

  it('joins what getOrSet is loading, and is joined by it', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const load = deferred<string>();
    const single = cache.getOrSet(keyOf(1), () => load.promise);
    await settled();
    const batch = deferred<Map<number, string>>();
    const loader = jest.fn((_ids: readonly number[]) => batch.promise);
    const many = cache.getOrSetMany([1, 2], keyOf, loader);
    await settled();
    expect(loader.mock.calls[0][0]).toEqual([2]);
    const other = cache.getOrSet(keyOf(2), never);
    load.resolve('one');
    batch.resolve(new Map([[2, 'two']]));
    await expect(Promise.all([single, many, other])).resolves.toEqual([
      'one',
      new Map([
        [1, 'one'],
        [2, 'two'],
      ]),
      'two',
    ]);
  });

  it('is joined by calls that begin while its keys are looked at: what it loads is loaded after that', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const slow = deferred();
    const third = deferred<string>();
    void cache.getOrSet(keyOf(3), () => third.promise);
    await settled();
    store.before = (operation, key) => (operation === 'read' && key === keyOf(2) ? slow.promise : undefined);
    const loader = jest.fn(rows);
    const many = cache.getOrSetMany([1, 2, 3], keyOf, loader);
    await settled();
    const other = cache.getOrSet(keyOf(1), never);
    await settled();
    expect(loader).not.toHaveBeenCalled();
    slow.resolve();
    third.resolve('three');
    await expect(many).resolves.toEqual(rows([1, 2]).set(3, 'three'));
    await expect(other).resolves.toEqual(rows([1]).get(1));
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('loads what it can while it waits for what another process is loading', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const load = deferred<string>();
    void a.cache.getOrSet(keyOf(1), () => load.promise);
    await settled();
    const loader = jest.fn(rows);
    const many = b.cache.getOrSetMany([1, 2, 3], keyOf, loader);
    await fleet.pass(50);
    expect(loader.mock.calls.map(([ids]) => ids)).toEqual([[2, 3]]);
    load.resolve('from a');
    await fleet.pass(50);
    await expect(many).resolves.toEqual(rows([2, 3]).set(1, 'from a'));
    expect([...(await many).keys()]).toEqual([1, 2, 3]);
  });

  it('loads by one call more what other processes did not come back with', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ leaseWait: '1s' });
    void a.cache.getOrSetMany([1, 2], keyOf, () => new Promise<Map<number, string>>(() => undefined));
    await settled();
    const loader = jest.fn(rows);
    const many = b.cache.getOrSetMany([1, 2, 3], keyOf, loader);
    await fleet.pass(1500);
    await expect(many).resolves.toEqual(rows([1, 2, 3]));
    expect(loader.mock.calls.map(([ids]) => ids)).toEqual([[3], [1, 2]]);
  });

  it('calls the loader once, for all, when the store is down', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    const loader = jest.fn(rows);
    await expect(cache.getOrSetMany([1, 2, 3], keyOf, loader)).resolves.toEqual(rows([1, 2, 3]));
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('serves stale values and refreshes them by one call behind the response', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSetMany([1, 2, 3], keyOf, rows);
    await fleet.pass(12_000);
    const loader = jest.fn((ids: readonly number[]) => new Map(ids.map((id) => [id, `new ${id}`])));
    await expect(cache.getOrSetMany([1, 2, 3], keyOf, loader)).resolves.toEqual(rows([1, 2, 3]));
    await settled();
    expect(loader.mock.calls.map(([ids]) => ids)).toEqual([[1, 2, 3]]);
    expect(fleet.server.valueOf(keyOf(2))).toBe('new 2');
  });

  it('says of every value what the loader says of the batch', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSetMany([1, 2], keyOf, (ids, context) => {
      context.setTtl('20s');
      return rows(ids);
    });
    expect([fleet.server.ttlOf(keyOf(1)), fleet.server.ttlOf(keyOf(2))]).toEqual([20, 20]);
    await cache.getOrSetMany([3], keyOf, (ids, context) => {
      context.skip();
      return rows(ids);
    });
    await settled();
    expect(fleet.server.valueOf(keyOf(3))).toBeUndefined();
  });

  it('invalidates values loaded together by their tags', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSetMany([1, 2], keyOf, rows, { tags: ['products'] });
    await cache.invalidateTags('products');
    const loader = jest.fn(rows);
    await cache.getOrSetMany([1, 2], keyOf, loader, { tags: ['products'] });
    expect(loader.mock.calls.map(([ids]) => ids)).toEqual([[1, 2]]);
  });

  it('aborts the loader once nobody waits for any of its values', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    let signal!: AbortSignal;
    const call = cache.getOrSetMany(
      [1, 2],
      keyOf,
      (_ids, context) => {
        signal = context.signal;
        return new Promise<Map<number, string>>(() => undefined);
      },
      { signal: controller.signal },
    );
    await settled();
    expect(signal.aborted).toBe(false);
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
    expect(signal.aborted).toBe(true);
  });

  it('goes on with the loader while somebody waits for one of its values', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    const loaded = deferred<Map<number, string>>();
    let signal!: AbortSignal;
    const call = cache.getOrSetMany(
      [1, 2],
      keyOf,
      (_ids, context) => {
        signal = context.signal;
        return loaded.promise;
      },
      { signal: controller.signal },
    );
    await settled();
    const other = cache.getOrSet(keyOf(2), () => 'its own');
    await settled();
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
    expect(signal.aborted).toBe(false);
    loaded.resolve(new Map([[2, 'of the batch']]));
    await expect(other).resolves.toBe('of the batch');
  });

  it('runs the loader in the async context of the call, a refresh behind its response, too', async () => {
    const fleet = new Fleet();
    const requests = new AsyncLocalStorage<string>();
    const outside = new AsyncResource('test');
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' }, (work) => outside.runInAsyncScope(work));
    const seen: (string | undefined)[] = [];
    const loader = (ids: readonly number[]): Map<number, string> => {
      seen.push(requests.getStore());
      return rows(ids);
    };
    await requests.run('one', () => cache.getOrSetMany([1, 2], keyOf, loader));
    await fleet.pass(12_000);
    await requests.run('two', () => cache.getOrSetMany([1, 2], keyOf, loader));
    await settled();
    expect(seen).toEqual(['one', 'two']);
  });

  it('rejects before anything is sent when a key cannot be made', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const call = cache.getOrSetMany(
      [1, 2],
      (id) => {
        if (id === 2) throw new Error('no key');
        return keyOf(id);
      },
      rows,
    );
    await expect(call).rejects.toThrow('no key');
    expect(store.log).toEqual([]);
  });
});

describe('getMany', () => {
  it('reads what get reads: fresh values, those with tags, no stubs, and gives back a right it was given', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const other = fleet.start();
    await cache.set('plain', 1);
    await cache.set('tagged', 2, { tags: ['t'] });
    await cache.set('soft', 3);
    await cache.invalidate('soft', { soft: '30s' });
    const load = deferred<number>();
    const loading = other.cache.getOrSet('stub', () => load.promise);
    await settled();
    store.log.length = 0;
    await expect(cache.getMany(['plain', 'tagged', 'soft', 'stub', 'plain'])).resolves.toEqual(
      new Map([
        ['plain', 1],
        ['tagged', 2],
      ]),
    );
    expect(store.log.filter((line) => line.startsWith('read'))).toHaveLength(4);
    expect(store.log.filter((line) => line.startsWith('release'))).toHaveLength(1);
    await expect(cache.getMany(['soft', 'plain'], { stale: true })).resolves.toEqual(
      new Map([
        ['soft', 3],
        ['plain', 1],
      ]),
    );
    const before = cache.counters;
    expect([before.hit, before.miss, before.stale]).toEqual([3, 2, 1]);
    load.resolve(4);
    await loading;
  });

  it('finds nothing where the store is down, or throws where the policy says so', async () => {
    const { cache, store } = new Fleet().start();
    await cache.set('a', 1);
    store.breakDown();
    await expect(cache.getMany(['a', 'b'])).resolves.toEqual(new Map());
    expect(cache.counters.storeError).toBe(2);
    await expect(cache.getMany(['a'], { onStoreError: 'throw' })).rejects.toThrow();
  });
});
