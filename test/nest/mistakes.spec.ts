import { expect, it } from '@jest/globals';
import { wrap } from '../../lib/cache/wrap.js';
import { InvalidArgumentError, InvalidOptionsError } from '../../lib/errors.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

/** What is no object of options. */
const NO_OPTIONS = [null, 5, 60_000, '5m', true, [], () => 1];

/** What is no option anywhere, or none that reads as it should. */
const WRONG_OPTIONS = [{ tll: 5 }, { signal: null }, { signal: 5 }];

/** Calls by what stands in the place of their options. */
const CALLS: Record<string, (cache: MemcachedService, options: never) => Promise<unknown>> = {
  getOrSet: (m, options) => m.getOrSet('k', () => 1, options),
  getOrSetMany: (m, options) => m.getOrSetMany([], String, (ids) => ids, options),
  get: (m, options) => m.get('k', options),
  getMany: (m, options) => m.getMany([], options),
  set: (m, options) => m.set('k', 1, options),
  setMany: (m, options) => m.setMany({}, options),
  beginSet: (m, options) => m.beginSet('k', options),
  delete: (m, options) => m.delete('k', options),
  deleteMany: (m, options) => m.deleteMany([], options),
  add: (m, options) => m.add('k', 1, options),
  replace: (m, options) => m.replace('k', 1, options),
  append: (m, options) => m.append('k', 'x', options),
  prepend: (m, options) => m.prepend('k', 'x', options),
  gets: (m, options) => m.gets('k', options),
  cas: (m, options) => m.cas('k', 1, '1', options),
  touch: (m, options) => m.touch('k', '5m', options),
  getAndTouch: (m, options) => m.getAndTouch('k', '5m', options),
  invalidateNamespace: (m, options) => m.invalidateNamespace('ns:', options),
  update: (m, options) => m.update('k', () => 1, options),
  withLock: (m, options) => m.withLock('k', options, () => 1),
  lookup: (m, options) => m.lookup('k', options),
  incr: (m, options) => m.incr('k', 1, options),
  stats: (m, options) => m.stats('general', options),
  version: (m, options) => m.version(options),
  flushAll: (m, options) => m.flushAll(options),
  metadebug: (m, options) => m.metadebug('k', options),
  report: (m, options) => m.report(options),
  keys: (m, options) => m.keys(options).next(),
};

async function expectRefused(call: (cache: MemcachedService) => Promise<unknown>): Promise<Error> {
  await using cache = new MemcachedService({ servers: '127.0.0.1:1', cache: { namespaces: ['ns:'] } });
  const error = await call(cache).then(
    (value: unknown) => new Error(`resolved with ${String(value)}`),
    (reason: Error) => reason,
  );
  expect([InvalidArgumentError, InvalidOptionsError]).toContain(error.constructor);
  expect(cache.topology()).toMatchObject([{ state: 'up', owed: 0 }]);
  expect(cache.topology()[0].lastError).toBeUndefined();
  return error;
}

it.each(Object.entries(CALLS))('%s refuses what are no options, and sends nothing', async (_name, call) => {
  for (const options of NO_OPTIONS) await expectRefused((cache) => call(cache, options as never));
});

it.each(Object.entries(CALLS))(
  '%s refuses options that nobody knows, and sends nothing',
  async (_name, call) => {
    for (const options of WRONG_OPTIONS) await expectRefused((cache) => call(cache, options as never));
  },
);

it.each<[string, (cache: MemcachedService) => Promise<unknown>]>([
  ["'attempts'", (m) => m.add('k', 1, { attempts: 3 } as object)],
  ["'initial'", (m) => m.replace('k', 1, { initial: 3 } as object)],
  ["'ttl'", (m) => m.replace('k', 1, { ttl: null } as never)],
  ["'grace'", (m) => m.gets('k', { grace: 5 } as object)],
  ["'timeout'", (m) => m.gets('k', { timeout: 200 } as object)],
  ["'ttl' of touch", (m) => m.touch('k', '5m', { ttl: '1m' } as object)],
  ['the ttl of touch', (m) => m.touch('k', undefined as never)],
  ["'stale'", (m) => m.get('k', { stale: 5 as never })],
  ["'limit'", (m) => m.keys({ limit: Number.NaN }).next()],
  ["'since' of another", async (m) => m.report({ since: structuredClone({ servers: [] }) as never })],
  ["'since' null", async (m) => m.report({ since: null as never })],
  ['ids that are a text', (m) => m.getOrSetMany('ab' as never, String, (ids) => ids)],
  ['ids that are null', (m) => m.getOrSetMany(null as never, String, (ids) => ids)],
  ['ids that are a number', (m) => m.getOrSetMany(5 as never, String, (ids) => ids)],
  ['work that is none', (m) => m.withLock('k', { ttl: '5s' }, 5 as never)],
])('refused before anything is sent: %s', async (_what, call) => {
  await expectRefused(call);
});

it('a report tells since an earlier one of the same service, and of no copy of it', async () => {
  await using server = await MemcachedServer.start();
  await using cache = new MemcachedService({ servers: server.address });
  const report = await cache.report();
  await expect(cache.report({ since: report })).resolves.toMatchObject({ servers: [{}] });
  await expect(cache.report({ since: structuredClone(report) })).rejects.toThrow('since');
});

it('shows the ttl that was meant', async () => {
  expect((await expectRefused((m) => m.replace('k', 1, 60_000 as never))).message).toContain(
    '{ ttl: 60000 }',
  );
});

it('keys are those of values, up to the limit, until the signal is aborted', async () => {
  await using server = await MemcachedServer.start();
  await using cache = new MemcachedService({ servers: server.address });
  await cache.setMany({ a: 1, b: 2, c: 3 }, { tags: ['t', 'u'] });
  const all = async (options: Parameters<MemcachedService['keys']>[0]): Promise<string[]> => {
    const keys: string[] = [];
    for await (const key of cache.keys(options)) keys.push(key);
    return keys;
  };
  expect((await all({ timeout: '5s' })).toSorted()).toEqual(['a', 'b', 'c']);
  expect(await all({ limit: 2 })).toHaveLength(2);
  expect(await all({ limit: 0, server: server.address })).toEqual([]);
  await expect(all({ signal: AbortSignal.abort(new Error('mine')) })).rejects.toThrow('mine');
});

it('a function without a key, or that is none, is not wrapped', async () => {
  await using cache = new MemcachedService();
  const key = (): string => 'k';
  expect(() => wrap(cache, () => 1, {} as never)).toThrow(InvalidOptionsError);
  expect(() => wrap(cache, () => 1, null as never)).toThrow(InvalidOptionsError);
  expect(() => wrap(cache, () => 1, { key, tll: 5 } as never)).toThrow('wrap.tll');
  expect(() => wrap(cache, 5 as never, { key })).toThrow(InvalidArgumentError);
});

it('invalidates no tag that was meant for options', async () => {
  await using server = await MemcachedServer.start();
  await using cache = new MemcachedService({ servers: server.address, cache: { namespaces: ['ns:'] } });
  await cache.set('k', 1, { tags: ['5m'] });
  await expect(cache.invalidateNamespace('ns:', '5m' as never)).rejects.toThrow(InvalidOptionsError);
  await expect(cache.get('k')).resolves.toBe(1);
});
