import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import {
  CacheBatch,
  CacheEvict,
  type CacheMessage,
  Cacheable,
  CasUpdate,
  CachePut,
  Current,
  getMemcachedToken,
  type GetOrSetMessage,
  type LoadMessage,
  MemcachedModule,
  type MemcachedModuleOptions,
  MemcachedService,
  type RefreshMessage,
} from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';

@Injectable()
class Products {
  @Cacheable({ key: 'product:{id}', params: ['id'] })
  async find(id: number): Promise<object> {
    return { id };
  }

  @CacheBatch({ key: 'stock:{0}' })
  async stock(ids: number[]): Promise<number[]> {
    return ids;
  }

  @Cacheable()
  async all(_page: number): Promise<object[]> {
    return [];
  }

  @CachePut({ key: 'price:{0}' })
  async price(id: number): Promise<number> {
    return id;
  }

  @CasUpdate({ key: 'sold:{0}', initial: 0 })
  async sell(_id: number, @Current() sold = 0): Promise<number> {
    return sold + 1;
  }

  @CacheEvict({ keys: ['product:{0}', 'price:{0}', 'sold:{0}'] })
  async remove(_id: number): Promise<void> {}
}

describe('the tracing channels of a cache', () => {
  let server: MemcachedServer;
  let module: TestingModule;
  let memcached: MemcachedService;
  const undo: (() => void)[] = [];
  let clockMs = 0;

  const start = async (options: MemcachedModuleOptions = {}): Promise<void> => {
    module = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address, connectAtStart: false, ...options })],
      providers: [Products],
    }).compile();
    await module.init();
    memcached = module.get(MemcachedService);
  };

  /** The messages of a tracing channel at their start, as they are at their end. */
  const trace = <Message>(name: string, onStart: (message: Message) => void = () => {}): Message[] => {
    const seen: Message[] = [];
    const { start: begin } = tracingChannel(`nestjs-memcached:${name}`);
    const listener = (message: unknown): void => {
      seen.push(message as Message);
      onStart(message as Message);
    };
    begin.subscribe(listener);
    undo.push(() => begin.unsubscribe(listener));
    return seen;
  };

  const groupsOf = (name: string): string[] => {
    const seen: string[] = [];
    const keep = (message: unknown): void => void seen.push((message as CacheMessage).group);
    subscribe(`nestjs-memcached:cache:${name}`, keep);
    undo.push(() => unsubscribe(`nestjs-memcached:cache:${name}`, keep));
    return seen;
  };

  beforeEach(async () => {
    clockMs = 1_700_000_000_000;
    server = await MemcachedServer.start({ now: () => clockMs });
  });
  afterEach(async () => {
    for (const step of undo.splice(0)) step();
    await module.close();
    await server.close();
  });

  it('tell each call with what it came to, and each load', async () => {
    await start();
    const calls = trace<GetOrSetMessage>('get-or-set');
    const loads = trace<LoadMessage>('load');
    let release!: (value: string) => void;
    const first = memcached.getOrSet('a:1', () => new Promise<string>((resolve) => (release = resolve)));
    const joined = memcached.getOrSet('a:1', () => 'never called');
    await untilTrue(() => release !== undefined);
    const late = memcached.getOrSet('a:1', () => 'never called');
    release('secret');
    expect(await Promise.all([first, joined, late])).toEqual(['secret', 'secret', 'secret']);
    expect(await memcached.getOrSet('a:1', () => 'never called')).toBe('secret');
    const about = { instance: 'default', group: 'a:*', keys: ['a:1'], keyCount: 1 };
    expect(calls).toMatchObject([
      { ...about, operation: 'get-or-set', outcome: 'miss', misses: 1, hits: 0 },
      { ...about, outcome: 'shared', shared: 1, misses: 0 },
      { ...about, outcome: 'shared', shared: 1 },
      { ...about, outcome: 'hit', hits: 1, misses: 0 },
    ]);
    expect(loads).toMatchObject([{ ...about, refresh: false, stale: false, outcome: 'done' }]);
    expect(calls.map((call) => call.joined)).toEqual([[], loads, loads, []]);
    for (const { durationMs } of [...calls, ...loads]) expect(durationMs).toBeGreaterThan(0);
    expect(JSON.stringify([calls, loads])).not.toContain('secret');
  });

  it('tell what a loader throws, which reaches the caller untouched', async () => {
    await start();
    const calls = trace<GetOrSetMessage>('get-or-set');
    const loads = trace<LoadMessage>('load');
    const failure = new Error('database is away');
    await expect(memcached.getOrSet('a', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(calls).toMatchObject([{ outcome: 'error', error: failure }]);
    expect(loads).toMatchObject([{ outcome: 'error', error: failure }]);
    expect(loads[0].durationMs).toBeGreaterThan(0);
  });

  it('tell a refresh apart from the call whose response it is behind', async () => {
    await start();
    const policy = { ttl: '1s', grace: '1m' } as const;
    await memcached.getOrSet('a', () => 1, policy);
    clockMs += 2000;
    const calls = trace<GetOrSetMessage>('get-or-set');
    const refreshes = trace<RefreshMessage>('refresh');
    const loads = trace<LoadMessage>('load');
    let release!: (value: number) => void;
    const loader = (): Promise<number> => new Promise((resolve) => (release = resolve));
    expect(await memcached.getOrSet('a', loader, policy)).toBe(1);
    expect(calls).toMatchObject([{ outcome: 'stale', stale: 1, misses: 0 }]);
    await untilTrue(() => release !== undefined);
    expect(refreshes[0].outcome).toBeUndefined();
    release(2);
    await untilTrue(() => refreshes[0].outcome !== undefined);
    expect(refreshes).toMatchObject([{ group: 'a', keys: ['a'], outcome: 'done' }]);
    expect(loads).toMatchObject([{ refresh: true, stale: true, outcome: 'done' }]);
  });

  it('tell a failed refresh, of which nobody else hears', async () => {
    await start();
    const policy = { ttl: '1s', grace: '1m' } as const;
    await memcached.getOrSet('a', () => 1, policy);
    clockMs += 2000;
    const refreshes = trace<RefreshMessage>('refresh');
    const failure = new Error('database is away');
    expect(await memcached.getOrSet('a', () => Promise.reject(failure), policy)).toBe(1);
    await untilTrue(() => refreshes[0].outcome !== undefined);
    expect(refreshes).toMatchObject([{ outcome: 'error', error: failure }]);
  });

  it('tell a call for many keys once, with how many were served how, and its load once', async () => {
    await start();
    await memcached.set('stock:1', 1);
    const calls = trace<GetOrSetMessage>('get-or-set');
    const loads = trace<LoadMessage>('load');
    const found = await memcached.getOrSetMany(
      [1, 2, 3],
      (id) => `stock:${id}`,
      (ids) => [...ids],
    );
    expect([...found]).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(calls).toMatchObject([
      {
        operation: 'get-or-set-many',
        group: 'stock:{0}',
        keyCount: 3,
        hits: 1,
        misses: 2,
        stale: 0,
        shared: 0,
        outcome: 'miss',
      },
    ]);
    expect(loads).toMatchObject([{ keys: ['stock:2', 'stock:3'], keyCount: 2, refresh: false }]);
  });

  it('tell whose loads a call has waited for: one for all keys of a batch, and also one that fails', async () => {
    await start();
    const loads = trace<LoadMessage>('load');
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const batch = memcached.getOrSetMany(
      [1, 2],
      (id) => `b:${id}`,
      async (ids) => {
        await gate;
        return [...ids];
      },
    );
    const failing = memcached.getOrSet('c:1', async () => {
      await gate;
      throw new Error('database is away');
    });
    await untilTrue(() => loads.length === 2);
    const calls = trace<GetOrSetMessage>('get-or-set');
    const joining = [
      memcached.getOrSetMany(
        [1, 2, 3],
        (id) => `b:${id}`,
        (ids) => [...ids],
      ),
      memcached.getOrSet('c:1', () => 'never called'),
    ];
    await untilTrue(() => loads.length === 3);
    release();
    await Promise.allSettled([batch, failing, ...joining]);
    expect(loads.map(({ keys }) => keys)).toEqual([['c:1'], ['b:1', 'b:2'], ['b:3']]);
    expect(calls.map(({ joined, outcome }) => [outcome, joined])).toEqual([
      ['miss', [loads[1]]],
      ['error', [loads[0]]],
    ]);
  });

  it('name the template of a decorator as the group, whoever uses its keys', async () => {
    await start();
    const products = module.get(Products);
    const misses = groupsOf('miss');
    const loads = groupsOf('load');
    const invalidations = groupsOf('invalidation');
    const calls = trace<GetOrSetMessage>('get-or-set');
    await products.find(7);
    await products.all(2);
    await products.stock([1]);
    await memcached.get('price:9');
    await products.remove(7);
    expect(misses).toEqual(['product:{id}', 'Products.all', 'stock:{0}', 'price:{0}']);
    expect(loads).toEqual(['product:{id}', 'Products.all', 'stock:{0}']);
    expect(calls.map(({ group }) => group)).toEqual(['product:{id}', 'Products.all', 'stock:{0}']);
    expect(invalidations).toEqual(['product:{id}', 'price:{0}', 'sold:{0}']);
  });

  it('keep keys to themselves when told to', async () => {
    await start({ diagnosticKeys: false, instance: 'private' });
    const calls = trace<GetOrSetMessage>('get-or-set');
    await memcached.getOrSet('alice:7', () => 1);
    expect(calls).toMatchObject([{ keys: [], keyCount: 1, group: '*', instance: 'private' }]);
  });

  it('enter a context around what they tell, and the loader is in it', async () => {
    await start();
    const entered = new AsyncLocalStorage<string>();
    trace<GetOrSetMessage>('get-or-set', (message) => {
      message.around = (work) => entered.run('call', work);
    });
    trace<LoadMessage>('load', (message) => {
      message.around = (work) => entered.run(`${entered.getStore()} load`, work);
    });
    const seen: unknown[] = [];
    await memcached.getOrSet('a', () => seen.push(entered.getStore()));
    await memcached.getOrSetMany(
      [1],
      (id) => `b:${id}`,
      (ids) => {
        seen.push(entered.getStore());
        return [...ids];
      },
    );
    expect(seen).toEqual(['call load', 'call load']);
  });

  it('name each of several instances', async () => {
    const other = await MemcachedServer.start();
    const both = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({ servers: server.address, connectAtStart: false }),
        MemcachedModule.forRoot({ name: 'sessions', servers: other.address, connectAtStart: false }),
      ],
    }).compile();
    module = await both.init();
    const commands = trace<{ instance: string; server: string }>('command');
    const calls = trace<GetOrSetMessage>('get-or-set');
    await module.get(MemcachedService).getOrSet('a', () => 1);
    await module.get<MemcachedService>(getMemcachedToken('sessions')).getOrSet('a', () => 1);
    await other.close();
    expect(calls.map(({ instance }) => instance)).toEqual(['default', 'sessions']);
    expect(new Set(commands.map(({ instance, server: at }) => `${instance} ${at}`))).toEqual(
      new Set([`default ${server.address}`, `sessions ${other.address}`]),
    );
  });
});

/** Resolves once something has become true, in the turns of the event loop that it takes. */
async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
