import { describe, expect, it } from '@jest/globals';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';
import type { Hook } from './support/map-server.js';

type Call = (cache: CacheEngine, signal: AbortSignal) => Promise<unknown>;

const CALLS: readonly (readonly [string, Call])[] = [
  ['set', (cache, signal) => cache.set('k', 'late', { signal })],
  ['setMany', (cache, signal) => cache.setMany({ k: 'late', l: 'late' }, { signal })],
  ['delete', (cache, signal) => cache.delete('k', { signal })],
  ['deleteMany', (cache, signal) => cache.deleteMany(['k', 'l'], { signal })],
  ['beginSet', (cache, signal) => cache.beginSet('k', { signal })],
  ['update', (cache, signal) => cache.update('k', () => 'late', { signal })],
  ['add', (cache, signal) => cache.items.add('new', 'late', { signal })],
  ['replace', (cache, signal) => cache.items.replace('k', 'late', { signal })],
  ['append', (cache, signal) => cache.items.extend('append', 'k', 'late', { signal })],
  ['touch', (cache, signal) => cache.items.touch('k', '5s', { signal })],
  ['gets', (cache, signal) => cache.items.gets('k', { signal })],
  ['cas', (cache, signal) => cache.items.cas('k', 'late', '1', { signal })],
  ['withLock', (cache, signal) => cache.withLock('k', { ttl: '5s', signal }, () => 'late')],
  ['getOrSet', (cache, signal) => cache.getOrSet('new', () => 'late', { signal })],
  ['getMany', (cache, signal) => cache.getMany(['k', 'l'], { signal })],
];

describe('a call whose signal is aborted before', () => {
  it.each<[string, Call]>([
    ['getOrSetMany', (cache, signal) => cache.getOrSetMany([], String, (ids) => ids, { signal })],
    ['getMany', (cache, signal) => cache.getMany([], { signal })],
    ['setMany', (cache, signal) => cache.setMany({}, { signal })],
    ['deleteMany', (cache, signal) => cache.deleteMany([], { signal })],
  ])('rejects with the reason where there is nothing to do, too: %s', async (_name, call) => {
    const { cache } = new Fleet().start();
    await expect(call(cache, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it.each(CALLS)('rejects with the reason, and changes nothing: %s', async (_name, call) => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('k', 'v');
    store.log.length = 0;
    await expect(call(cache, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await settled();
    expect(store.log.filter((operation) => !/^(read|recheck|tag)/.test(operation))).toEqual([]);
  });
});

describe('a call whose signal is aborted while the store is silent', () => {
  it.each(CALLS)('rejects with the reason at once: %s', async (_name, call) => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('k', 'v');
    const answer = deferred();
    const silent: Hook = () => answer.promise;
    store.before = silent;
    const controller = new AbortController();
    const called = call(cache, controller.signal);
    const outcome = called.then(
      () => 'resolved',
      (error: Error) => error.message,
    );
    await settled();
    controller.abort(new Error('enough'));
    await settled();
    await expect(Promise.race([outcome, Promise.resolve('still waits')])).resolves.toBe('enough');
    store.before = undefined;
    answer.resolve();
    await settled();
    expect(cache.leases).toBe(0);
    // Whatever right came late was given back: the next reader computes at once.
    await cache.invalidate('k', 'new');
    await expect(cache.getOrSet('new', () => 'fresh')).resolves.toBe('fresh');
    await expect(cache.withLock('k', { ttl: '5s' }, () => 'mine')).resolves.toMatchObject({ locked: true });
  });
});

describe('what is no signal', () => {
  const given = [null, 'enough', new AbortController()] as unknown as AbortSignal[];
  it.each(CALLS.flatMap(([name, call]) => given.map((signal) => [name, signal, call] as const)))(
    'is refused like any wrong option: %s, %p',
    async (_name, signal, call) => {
      const { cache, store } = new Fleet().start();
      const called = call(cache, signal);
      await expect(called).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_OPTIONS' });
      await expect(called).rejects.toThrow('signal: expected an AbortSignal');
      expect(store.log).toEqual([]);
    },
  );

  it.each([null, 5])('is refused where it stands for all options, too: %p', async (options) => {
    const { cache } = new Fleet().start();
    await expect(cache.set('k', 1, options as never)).rejects.toMatchObject({
      code: 'MEMCACHED_INVALID_OPTIONS',
    });
  });
});

describe('what is no function', () => {
  const none = undefined as never;
  it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
    ['getOrSet("k"): expected a function', (cache) => cache.getOrSet('k', none)],
    ['getOrSetMany: expected a function', (cache) => cache.getOrSetMany(['k'], (id) => id, none)],
    ['getOrSetMany: expected a function', (cache) => cache.getOrSetMany(['k'], none, (ids) => ids)],
    ['update("k"): expected a function', (cache) => cache.update('k', none)],
  ])('is refused at once, also where nothing would have to be computed: %s', async (message, call) => {
    const { cache, store } = new Fleet().start();
    await cache.set('k', 'v');
    store.log.length = 0;
    await expect(call(cache)).rejects.toThrow(message);
    expect(store.log).toEqual([]);
  });
});

it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
  ['add "k": the value is undefined', (cache) => cache.items.add('k', undefined)],
  ['replace "k": the value is undefined', (cache) => cache.items.replace('k', undefined)],
  ['append "k": its server is away', (cache) => cache.items.extend('append', 'k', 'x')],
  ['touch "k": its server is away', (cache) => cache.items.touch('k', '1m')],
  ['update "k": its server is away', (cache) => cache.update('k', () => 1)],
])('an error names the call that was made: %s', async (message, call) => {
  const { cache, store } = new Fleet().start();
  store.isAway = () => true;
  await expect(call(cache)).rejects.toThrow(message);
});
