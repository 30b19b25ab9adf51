import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { KEEP } from '../../lib/cache/cas-update.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

/** What the page says a call answers to a miss, by the name of its method; `here` has a key of its own for each. */
const MISSES: Record<string, (memcached: MemcachedService) => Promise<unknown>> = {
  getOrSet: async (m) => expect(await m.getOrSet('getOrSet', () => 1, { ttl: 'never' })).toBe(1),
  getOrSetMany: async (m) =>
    expect(
      await m.getOrSetMany(
        [1],
        (id) => `many:${id}`,
        (ids) => ids.map(() => 'one'),
      ),
    ).toEqual(new Map([[1, 'one']])),
  get: async (m) => expect(await m.get('nothing')).toBeUndefined(),
  getMany: async (m) => expect(await m.getMany(['nothing', 'none'])).toEqual(new Map()),
  set: async (m) => expect(await m.set('set', 1, { ttl: '1m', tags: ['t'] })).toBe(true),
  setMany: async (m) => expect(await m.setMany({ a: 1 })).toEqual(new Map([['a', true]])),
  beginSet: async (m) => expect(await (await m.beginSet('begun')).store('value')).toBe(true),
  delete: async (m) => expect(await m.delete('nothing')).toBe(false),
  deleteMany: async (m) => expect(await m.deleteMany(['nothing'])).toEqual(new Map([['nothing', false]])),
  invalidate: async (m) => expect(await m.invalidate('nothing', { soft: '30s' })).toBeUndefined(),
  invalidateTags: async (m) => expect(await m.invalidateTags('t')).toBeUndefined(),
  invalidateNamespace: async (m) => expect(await m.invalidateNamespace('shop:')).toBeUndefined(),
  update: async (m) => expect(await m.update('update', (n) => n + 1, { initial: 1 })).toBe(2),
  withLock: async (m) =>
    expect(await m.withLock('lock', { ttl: '5s' }, () => 1)).toMatchObject({ locked: true, value: 1 }),
  add: async (m) =>
    expect([await m.add('add', 1), await m.add('add', 2), await m.get('add')]).toEqual([true, false, 1]),
  replace: async (m) => expect(await m.replace('nothing', 1)).toBe(false),
  append: async (m) => expect(await m.append('nothing', 'x')).toBe(false),
  prepend: async (m) => expect(await m.prepend('nothing', 'x')).toBe(false),
  gets: async (m) => expect(await m.gets('nothing')).toBeUndefined(),
  cas: async (m) => {
    await m.set('cas', 1);
    const item = (await m.gets<number>('cas'))!;
    expect(await m.cas('cas', item.value + 1, item.cas)).toBe('stored');
    expect(await m.cas('cas', 9, item.cas)).toBe('exists');
    await m.delete('cas');
    expect(await m.cas('cas', 9, item.cas)).toBe('not-found');
  },
  touch: async (m) => expect(await m.touch('nothing', '1m')).toBe(false),
  getAndTouch: async (m) => expect(await m.getAndTouch('nothing', '1m')).toBeUndefined(),
  incr: async (m) =>
    expect([await m.incr('n'), await m.incr('n', 1, { initial: 5 })]).toEqual([undefined, 5]),
  decr: async (m) => expect(await m.decr('nothing')).toBeUndefined(),
  lookup: async (m) => expect(await m.lookup('nothing')).toEqual({ hit: false }),
  metadebug: async (m) => expect(await m.metadebug('nothing')).toBeUndefined(),
};

it('tells of every call what a miss is, and nothing else is in the table', async () => {
  const page = readFileSync(new URL('../../docs/vocabulary.md', import.meta.url), 'utf8');
  const firstCells = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ')[0]);
  const named = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)\(/g)].map(([, name]) => name));
  expect(new Set(named)).toEqual(new Set(Object.keys(MISSES)));
  await using server = await MemcachedServer.start();
  await using memcached = new MemcachedService({ servers: server.address, cache: { namespaces: ['shop:'] } });
  for (const call of Object.values(MISSES)) await call(memcached);
});

it('takes the stub of a lease for nothing in every call', async () => {
  await using server = await MemcachedServer.start();
  await using memcached = new MemcachedService({ servers: server.address });
  const stub = async (key: string): Promise<string> => {
    expect(await memcached.client.leaseGet(key, { leaseSeconds: 30 })).toMatchObject({ won: true });
    return key;
  };
  expect(await memcached.get(await stub('a'))).toBeUndefined();
  expect(await memcached.gets(await stub('b'))).toBeUndefined();
  expect(await memcached.add(await stub('c'), 1)).toBe(true);
  expect(await memcached.get('c')).toBe(1);
  expect(await memcached.replace(await stub('d'), 1)).toBe(false);
  expect(await memcached.append(await stub('e'), 'x')).toBe(false);
  expect(await memcached.touch(await stub('f'), '1m')).toBe(false);
  expect(await memcached.incr(await stub('g'))).toBeUndefined();
  expect(await memcached.incr(await stub('h'), 1, { initial: 7 })).toBe(7);
  expect(await memcached.lookup(await stub('i'))).toEqual({ hit: false });
  expect(await memcached.update<number>(await stub('j'), () => KEEP)).toBeUndefined();
});

it('hands on what is there, and refuses a ttl that stands where options belong with the form that was meant', async () => {
  await using server = await MemcachedServer.start();
  await using memcached = new MemcachedService({ servers: server.address });
  await memcached.set('text', 'b', { tags: ['t'] });
  await memcached.append('text', 'c');
  await memcached.prepend('text', 'a');
  expect(await memcached.get('text')).toBe('abc');
  await memcached.invalidateTags('t');
  expect(await memcached.get('text')).toBeUndefined();
  expect(await memcached.append('text', 'd')).toBe(false);
  await expect(memcached.getOrSet('k', () => 1, 60_000 as never)).rejects.toThrow('{ ttl: 60000 }');
  await expect(memcached.set('k', 1, 60 as never)).rejects.toThrow("{ ttl: '60s' }");
  await expect(memcached.get('k', null as never)).rejects.toMatchObject({
    code: 'MEMCACHED_INVALID_OPTIONS',
  });
});

it('tells which of them answer in the place of a server that is away, with failover `miss`', async () => {
  await using service = new MemcachedService({ servers: '127.0.0.1:1', failover: 'miss' });
  expect([
    await service.gets('k'),
    await service.cas('k', 1, '1'),
    await service.incr('k', 1, { initial: 1 }),
    await service.lookup('k'),
    await service.metadebug('k'),
  ]).toEqual([undefined, 'not-found', undefined, { hit: false }, undefined]);
  const rejecting: Promise<unknown>[] = [
    service.update('k', () => 1, { initial: 1 }),
    service.add('k', 1),
    service.replace('k', 1),
    service.append('k', 'x'),
    service.touch('k', '1m'),
    service.withLock('k', { ttl: '5s' }, () => 1),
  ];
  for (const call of await Promise.allSettled(rejecting)) expect(call.status).toBe('rejected');
});

it('removes and shows what is nothing to all other calls', async () => {
  await using server = await MemcachedServer.start();
  await using memcached = new MemcachedService({ servers: server.address });
  await memcached.client.leaseGet('stub', { leaseSeconds: 30 });
  await memcached.set('tagged', 1, { tags: ['t'] });
  await memcached.invalidateTags('t');
  expect(await memcached.getMany(['stub', 'tagged'])).toEqual(new Map());
  expect(await memcached.lookup('stub')).toEqual({ hit: false });
  expect(await memcached.lookup('tagged')).toMatchObject({ hit: true, value: 1 });
  expect(await memcached.metadebug('stub')).toBeDefined();
  expect(await memcached.metadebug('tagged')).toBeDefined();
  const keys: string[] = [];
  for await (const key of memcached.keys()) keys.push(key);
  expect(keys.toSorted()).toEqual(['stub', 'tagged']);
  expect(await memcached.deleteMany(['stub', 'tagged'])).toEqual(
    new Map([
      ['stub', true],
      ['tagged', true],
    ]),
  );
});

it.each(['meta', 'classic'] as const)(
  'has the raw client find the stub of a lease where it would store, not where it reads: %s',
  async (protocol) => {
    await using server = await MemcachedServer.start();
    await using client = new MemcachedClient({ servers: server.address, protocol });
    await client.leaseGet('stub', { leaseSeconds: 30 });
    expect([await client.get('stub'), await client.gets('stub')]).toEqual([undefined, undefined]);
    expect((await client.getMany(['stub'])).size).toBe(0);
    expect(await client.touch('stub', '1m')).toBe(false);
    expect(await client.add('stub', 1)).toBe(false);
    if (protocol === 'meta') expect(await client.metadebug('stub')).toBeDefined();
    expect(await client.delete('stub')).toBe(true);
  },
);

it('owes what a dead server is to invalidate, and rejects what it should store, with `onStoreError: throw`', async () => {
  await using service = new MemcachedService({
    servers: '127.0.0.1:1',
    cache: { onStoreError: 'throw', namespaces: ['shop:'] },
  });
  expect(await service.delete('k')).toBe(false);
  expect(await service.deleteMany(['k'])).toEqual(new Map([['k', false]]));
  await service.invalidate('k');
  await service.invalidateTags('t');
  await service.invalidateNamespace('shop:');
  const place = await service.beginSet('k');
  const rejecting = [
    service.get('k'),
    service.getMany(['k']),
    service.set('k', 1),
    service.setMany({ k: 1 }),
    place.store(1),
  ];
  for (const call of await Promise.allSettled(rejecting)) expect(call.status).toBe('rejected');
  expect(service.counters.storeError).toBeGreaterThan(0);
});

it('takes `never` for no lock, and no lists and no signals where names stand one by one', async () => {
  await using service = new MemcachedService({ servers: '127.0.0.1:1' });
  for (const call of await Promise.allSettled([
    service.withLock('k', { ttl: 'never' as never }, () => 1),
    service.invalidate(['k'] as never),
    service.invalidate(new Set(['k']) as never),
    service.invalidateTags(['t'] as never),
    service.invalidate('k', { signal: new AbortController().signal } as object),
  ])) {
    expect(call).toMatchObject({ status: 'rejected', reason: { code: expect.stringContaining('INVALID') } });
  }
});

it('calls loaders after `close()`, and nothing else', async () => {
  const service = new MemcachedService({ servers: '127.0.0.1:1', cache: { namespaces: ['shop:'] } });
  await service.close();
  expect(await service.getOrSet('k', () => 1)).toBe(1);
  expect(await service.getOrSetMany([1], String, (ids) => ids)).toEqual(new Map([[1, 1]]));
  for (const [name, call] of Object.entries(MISSES)) {
    if (!name.startsWith('getOrSet')) await expect(call(service)).rejects.toThrow('closed');
  }
});
