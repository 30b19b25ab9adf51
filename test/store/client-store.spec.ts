import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import type { LoadContext } from '../../lib/cache/load-context.js';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { deferred } from '../cache/support/fleet.js';
import { MapServer } from '../cache/support/map-server.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { storeContract, type Stores } from './contract.js';

async function storesOn(address: string, stop: () => Promise<void>): Promise<Stores> {
  const clients = [1, 2].map(
    () => new MemcachedClient({ servers: [address], commandTimeout: '10s', connectTimeout: '10s' }),
  );
  const [one, two] = clients.map((client) => new ClientStore(client));
  return {
    one,
    two,
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await stop();
    },
  };
}

describe('the store of the cache’s own tests', () => {
  storeContract(() => {
    const server = new MapServer();
    return Promise.resolve({ one: server.connect(), two: server.connect(), stop: () => Promise.resolve() });
  });
});

describe('the store on the embedded server', () => {
  storeContract(async () => {
    const server = await MemcachedServer.start();
    return storesOn(server.address, () => server.close());
  });
});

describeReal('the store on a real memcached', () => {
  storeContract(async () => {
    const server = await startMemcached();
    return storesOn(server.address, () => server.stop());
  });
});

describe('the store among other clients', () => {
  let server: MemcachedServer;
  let client: MemcachedClient;
  let store: ClientStore;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    server = await MemcachedServer.start({ now: () => now });
    client = new MemcachedClient({ servers: [server.address], commandTimeout: '10s', connectTimeout: '10s' });
    store = new ClientStore(client);
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  it('stores an entry that says nothing but its value as the value alone', async () => {
    await store.set('k', { value: { a: 1 }, tags: [], kind: 'value' }, 60, true);
    expect(await client.get('k')).toEqual({ a: 1 });
  });

  it.each([null, undefined, 5, {}])('refuses %p, which is no key, whatever is asked of it', async (key) => {
    const wrong = key as string;
    await expect(store.count('incr', wrong, 1, undefined)).rejects.toThrow('key: expected a');
    await expect(store.lookup(wrong)).rejects.toThrow('key: expected a');
    await expect(async () => store.metadebug(wrong)).rejects.toThrow('key: expected a');
    expect(() => store.serverFor(wrong)).toThrow('key: expected a');
  });

  it('takes a value that another client has stored for an entry without tags', async () => {
    await client.set('k', { a: 1 });
    expect(await store.read('k', 30, 0)).toMatchObject({
      hit: true,
      value: { value: { a: 1 }, tags: [], kind: 'value' },
    });
  });

  it('shows bytes that nobody here can read as a hit without a value, with a cas to write over', async () => {
    await client.set('k', 'a pickle', {
      codec: { encode: () => ({ data: Buffer.from('(dp0'), flags: 1 }), decode: () => undefined },
    });
    const reading = await store.read('k', 30, 0);
    expect(reading).toMatchObject({ hit: true, value: undefined, won: false });
    expect(await store.write('k', { value: 1, tags: [], kind: 'value' }, 60, reading.cas)).toBe('stored');
  });

  it.each([
    ['no line', 'no line feed'],
    ['a line that is no JSON', '[16,\nvalue'],
    ['a line that is no list', '{}\nvalue'],
  ])('shows an entry whose header is %s as unreadable', async (_name, text) => {
    await client.set('k', text, {
      codec: {
        encode: (value) => ({ data: Buffer.from(value as string), flags: 0x80_0000 }),
        decode: () => undefined,
      },
    });
    expect(await store.read('k', 30, 0)).toMatchObject({ hit: true, value: undefined });
  });

  it('reads back what an asynchronous codec writes, and shows what it refuses as unreadable', async () => {
    const reversed = new MemcachedClient({
      servers: [server.address],
      commandTimeout: '10s',
      codec: {
        encode: (value) => Promise.resolve({ data: Buffer.from(value as string).reverse(), flags: 0 }),
        decode: (data) =>
          data.length > 3
            ? Promise.reject(new Error('too long'))
            : Promise.resolve(Buffer.from(data).reverse().toString()),
      },
    });
    const other = new ClientStore(reversed);
    await other.set('short', { value: 'abc', tags: [{ tag: 'x', version: '1' }], kind: 'value' }, 60, true);
    await other.set('long', { value: 'abcd', tags: [], kind: 'value' }, 60, true);
    expect((await other.read('short', 0, 0)).value).toEqual({
      value: 'abc',
      tags: [{ tag: 'x', version: '1' }],
      kind: 'value',
    });
    expect(await other.read('long', 0, 0)).toMatchObject({ hit: true, value: undefined });
    await reversed.close();
  });

  it('reads what bears as many tags as a policy, the namespaces and a loader may name together', async () => {
    const names = (of: string): string[] => Array.from({ length: 256 }, (_, index) => `${of}${index}`);
    const cache = new CacheEngine(store, { namespaces: ['k', 'kk'] });
    const policy = { tags: names('policy:') };
    const load = jest.fn((ctx: LoadContext) => {
      ctx.tag(...names('late:'));
      return 'value';
    });
    for (let call = 0; call < 4; call += 1) {
      await expect(cache.getOrSet('kkkkkkk', load, policy)).resolves.toBe('value');
    }
    // What its tags are is not known before the first load.
    expect(load).toHaveBeenCalledTimes(2);
    await cache.close();
  });

  it.each([null, undefined])(
    'hands on no result of a load that was %p where values are sealed',
    async (value) => {
      const key = Buffer.alloc(32, 1).toString('base64');
      const options: MemcachedClientOptions = {
        servers: server.address,
        codec: { seal: { keys: [{ id: 'one', key }] } },
      };
      await using sealing = new MemcachedClient(options);
      await store.set('k', { value, tags: [], kind: 'hit-for-miss-result' }, 60, true);
      expect((await store.read('k', 0, 0)).value).toEqual({ value, tags: [], kind: 'hit-for-miss-result' });
      expect((await new ClientStore(sealing).read('k', 0, 0)).value).toEqual({
        value: undefined,
        tags: [],
        kind: 'hit-for-miss',
      });
    },
  );

  it('tells the age of a tag by the clock of the server', async () => {
    await store.tagState('x');
    now += 90_000;
    const { ageSeconds } = await store.tagState('x');
    expect(ageSeconds).toBeGreaterThanOrEqual(89);
    expect(ageSeconds).toBeLessThanOrEqual(90);
  });

  it('takes no token from before a restart that happened while nothing was in flight', async () => {
    const { cas } = await store.read('k', 30, 0);
    const { port } = server;
    await server.close();
    server = await MemcachedServer.start({ port, now: () => now });
    while (
      !(await store.read('k', 30, 0).then(
        ({ won }) => won,
        () => false,
      ))
    );
    expect(await store.write('k', { value: 1, tags: [], kind: 'value' }, 60, cas)).toBe('exists');
    expect(await store.release('k', cas, 0)).toBe(false);
  });

  it('stores nothing by a token from before a restart, though the same token names another lease now', async () => {
    const cache = new CacheEngine(store, { lease: '30s' });
    const load = deferred<string>();
    const first = cache.getOrSet('k', () => load.promise);
    while (cache.counters.leaseWon === 0) await store.tagState('any');
    const { port } = server;
    await server.close();
    server = await MemcachedServer.start({ port, now: () => now });
    const other = new MemcachedClient({ servers: [server.address], commandTimeout: '10s' });
    const lease = await new ClientStore(other).read('k', 30, 0);
    expect(lease.won).toBe(true);
    await client.version();
    load.resolve('old');
    await expect(first).resolves.toBe('old');
    await expect(new ClientStore(other).read('k', 30, 0)).resolves.toMatchObject({
      hit: false,
      cas: lease.cas,
    });
    await other.close();
  });
});
