import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { commandChannel } from '../../lib/client/diagnostics.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

function never(): never {
  throw new Error('the loader must not be called');
}

/** Where listeners are told, by which others of this process may have left some: every read is told of in full to them. */
const CHANNELS = [commandChannel, channel('nestjs-memcached:watch:end')];

/** Hits of which nothing is made but the value, and all that is no such hit. */
describe.each(['meta', 'classic'] as const)('reads for single calls, %s dialect', (protocol) => {
  let now: number;
  let server: MemcachedServer;
  let client: MemcachedClient;
  let store: ClientStore;
  let cache: CacheEngine;
  const told: string[] = [];
  const audience = { hasSubscribers: false };

  beforeEach(async () => {
    for (const each of CHANNELS)
      Object.defineProperty(each, 'hasSubscribers', { value: false, configurable: true });
    now = Date.now();
    server = await MemcachedServer.start({ now: () => now });
    told.length = 0;
    audience.hasSubscribers = false;
    open({});
  });
  afterEach(async () => {
    // The process has each channel once, for the specs that come after this one, too.
    for (const each of CHANNELS) Reflect.deleteProperty(each, 'hasSubscribers');
    await cache.close();
    await client.close();
    await server.close();
  });

  function open(options: Partial<MemcachedClientOptions>): void {
    client = new MemcachedClient({
      servers: [server.address],
      protocol,
      commandTimeout: '10s',
      connectTimeout: '10s',
      failuresToDown: 1,
      ...options,
    });
    store = new ClientStore(client);
    const observer = (what: string, key: string): void => void told.push(`${what} ${key}`);
    cache = new CacheEngine(store, { ttl: '10s' }, { observer, audiences: { hit: audience } });
  }

  async function reopen(options: Partial<MemcachedClientOptions>): Promise<void> {
    await cache.close();
    await client.close();
    open(options);
  }

  it.each([
    ['a text', 'text'],
    ['an object', { a: [1, 2] }],
    ['a number', 42],
    ['bytes', Buffer.from('bytes')],
    ['null', null],
    ['a Map', new Map([[1, 2]])],
  ])('hands out %s, and counts a hit', async (_name, value) => {
    await cache.set('k', value);
    await expect(cache.getOrSet('k', never)).resolves.toEqual(value);
    await expect(cache.get('k')).resolves.toEqual(value);
    expect(cache.counters).toMatchObject({ hit: 2, miss: 0 });
  });

  it('does so by a read that makes no more than the value, in the meta dialect', async () => {
    await cache.set('k', 'text');
    const read = jest.spyOn(store, 'read');
    const asker = {
      policy: { graceSeconds: 0 },
      wantsAll: false,
      found: () => 'all',
      failed: () => 'nothing',
    };
    await expect(store.ask('k', 3, 0, asker)).resolves.toBe(protocol === 'meta' ? 'text' : 'all');
    await expect(cache.getOrSet('k', never)).resolves.toBe('text');
    expect(read).not.toHaveBeenCalled();
  });

  it('tells who listens which key was hit', async () => {
    await cache.set('k', 'text');
    told.length = 0;
    audience.hasSubscribers = true;
    await cache.getOrSet('k', never);
    await cache.get('k');
    expect(told).toEqual(['hit k', 'hit k']);
  });

  it('looks at a value that bears tags', async () => {
    await cache.set('k', 'first', { tags: ['t'] });
    await expect(cache.getOrSet('k', never)).resolves.toBe('first');
    await cache.invalidateTags('t');
    await expect(cache.get('k')).resolves.toBeUndefined();
    await expect(cache.getOrSet('k', () => 'second')).resolves.toBe('second');
  });

  it('takes what nobody here can read for a miss', async () => {
    await client.set('k', '{', {
      codec: { encode: () => ({ data: '{', flags: 48 }), decode: () => undefined },
    });
    await expect(cache.getOrSet('k', () => 'computed')).resolves.toBe('computed');
    expect(cache.counters).toMatchObject({ unreadable: 1, miss: 1 });
  });

  it('waits for a codec that takes its time', async () => {
    await reopen({ codec: { compression: 'zlib', compressOverBytes: 10 } });
    const text = 'a'.repeat(1000);
    await cache.set('k', text);
    await expect(cache.getOrSet('k', never)).resolves.toBe(text);
    await expect(cache.get('k')).resolves.toBe(text);
  });

  it('serves a stale value, and refreshes it behind', async () => {
    if (protocol === 'classic') return;
    const policy = { ttl: '10s', grace: '10s', jitter: 0 } as const;
    await cache.set('k', 'old', policy);
    now += 12_000;
    const loaded: string[] = [];
    const load = (): string => {
      loaded.push('new');
      return 'new';
    };
    await expect(cache.getOrSet('k', load, policy)).resolves.toBe('old');
    while (loaded.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(cache.counters).toMatchObject({ hit: 0, stale: 1, refresh: 1 });
  });

  it('has calls of one turn share a read and a load, each in its own context', async () => {
    const callers = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const ask = jest.spyOn(store, 'ask');
    const call = (name: string): Promise<unknown> =>
      callers.run(name, () =>
        cache
          .getOrSet('k', () => {
            seen.push(callers.getStore());
            return { of: 'one' };
          })
          .then((value) => {
            seen.push(callers.getStore());
            return value;
          }),
      );
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(call));
    expect(a).toEqual({ of: 'one' });
    expect(b).toBe(a);
    expect(c).toBe(a);
    expect(seen).toEqual(['a', 'a', 'b', 'c']);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(cache.counters).toMatchObject({ load: 1, shared: 2 });
  });

  it('has calls of one turn share a hit', async () => {
    await cache.set('k', { a: 1 });
    const [a, b] = await Promise.all([cache.getOrSet('k', never), cache.getOrSet('k', never)]);
    expect(a).toEqual({ a: 1 });
    expect(b).toBe(a);
    expect(cache.counters).toMatchObject({ hit: 2 });
  });

  it('reads anew what is invalidated in the same turn', async () => {
    await cache.set('k', 'old');
    const [, , after] = await Promise.all([
      cache.getOrSet('k', () => 'new'),
      cache.invalidate('k'),
      cache.getOrSet('k', () => 'new'),
    ]);
    expect(after).toBe('new');
  });

  it.each(['error', 'miss', 'next'] as const)(
    'computes what no server answers, failover %s',
    async (failover) => {
      await reopen({ failover });
      await client.connect();
      await server.close();
      await expect(cache.getOrSet('k', () => 'computed')).resolves.toBe('computed');
      await expect(cache.get('k')).resolves.toBeUndefined();
    },
  );

  it('throws what the store fails with, where the policy says so', async () => {
    await client.connect();
    await server.close();
    const policy = { onStoreError: 'throw' } as const;
    await expect(cache.getOrSet('k', () => 1, policy)).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
    });
    await expect(cache.get('k', policy)).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION' });
  });

  it('refuses a key that memcached does not take', async () => {
    await reopen({ unsafeKeys: 'refuse' });
    await expect(cache.getOrSet('k '.repeat(9), never)).rejects.toMatchObject({
      code: 'MEMCACHED_INVALID_ARGUMENT',
    });
  });
});
