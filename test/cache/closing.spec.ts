import { describe, expect, it, jest } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientClosedError } from '../../lib/errors.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

function fromB(ids: readonly string[]): string[] {
  return ids.map(() => 'from b');
}

describe('a computation that nobody waits for any more', () => {
  it.each([
    [
      'of one key',
      (cache: CacheEngine, load: () => string, signal: AbortSignal) => cache.getOrSet('k', load, { signal }),
    ],
    [
      'of a batch',
      (cache: CacheEngine, load: () => string, signal: AbortSignal) =>
        cache.getOrSetMany(
          ['k'],
          (id) => id,
          (ids) => ids.map(load),
          { signal },
        ),
    ],
  ])(
    'loads nothing, and gives back the right that a look under way has won by then: %s',
    async (_what, ask) => {
      const fleet = new Fleet();
      const a = fleet.start();
      const b = fleet.start();
      const load = deferred<string>();
      const first = a.cache.getOrSet('k', () => load.promise);
      await settled();
      const controller = new AbortController();
      const never = jest.fn(() => 'for nobody');
      const call = ask(b.cache, never, controller.signal);
      await fleet.pass(50);
      const look = deferred();
      b.store.before = (operation) => (operation === 'read' ? look.promise : undefined);
      await fleet.pass(500);
      load.resolve('from a');
      await first;
      await a.cache.invalidate('k');
      controller.abort();
      await expect(call).rejects.toThrow('aborted');
      look.resolve();
      await fleet.pass(100);
      expect(never).not.toHaveBeenCalled();
      expect(fleet.server.find('k')).toBeUndefined();
      await b.cache.close();
      expect(fleet.clock.pending).toBe(0);
    },
  );
});

describe('a cache that is closed', () => {
  it('gives callers what their loaders return, however long that takes, and stores it no more', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ closeTimeout: '1s' });
    const b = fleet.start();
    const load = deferred<string>();
    let signal!: AbortSignal;
    const call = a.cache.getOrSet('k', (context) => {
      signal = context.signal;
      return load.promise;
    });
    await settled();
    const closing = a.cache.close();
    await fleet.pass(1000);
    await closing;
    expect(signal.reason).toBeInstanceOf(ClientClosedError);
    // Its right is given back by then: nobody waits for it.
    await expect(b.cache.getOrSet('k', () => 'from b')).resolves.toBe('from b');
    load.resolve('late');
    await expect(call).resolves.toBe('late');
    expect(fleet.server.valueOf('k')).toBe('from b');
    expect(fleet.clock.pending).toBe(0);
  });

  it('leaves no timer of a load that hangs, whose callers have got what another process has stored', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ closeTimeout: '1s' });
    const b = fleet.start();
    const call = a.cache.getOrSet<string>('k', () => new Promise(() => undefined));
    await settled();
    await b.cache.set('k', 'from b');
    await fleet.pass(1000);
    await expect(call).resolves.toBe('from b');
    await fleet.until(a.cache.close());
    expect(fleet.clock.pending).toBe(0);
  });

  it('has those compute for themselves who were waiting for another process', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ closeTimeout: 0 });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const call = b.cache.getOrSet('k', () => 'from b');
    await fleet.pass(50);
    await b.cache.close();
    await expect(call).resolves.toBe('from b');
    expect(fleet.server.valueOf('k')).toBeUndefined();
  });

  it('has the batches compute for themselves that were waiting for another process', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ closeTimeout: 0 });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const call = b.cache.getOrSetMany(['k'], (id) => id, fromB);
    await fleet.pass(50);
    await b.cache.close();
    await expect(fleet.until(call)).resolves.toEqual(new Map([['k', 'from b']]));
    expect(fleet.server.valueOf('k')).toBeUndefined();
  });

  it('has batches load what they have found to be missing, of whose other keys nothing is known yet', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start({ closeTimeout: 0 });
    const look = deferred();
    store.before = (operation, key) => (operation === 'read' && key === '2' ? look.promise : undefined);
    // With tags, so that each key is looked at on its own.
    const call = cache.getOrSetMany(['1', '2'], (id) => id, fromB, { tags: ['t'] });
    await fleet.pass(50);
    await cache.close();
    look.resolve();
    await expect(fleet.until(call)).resolves.toMatchObject({ size: 2 });
    await fleet.pass(1000);
    expect(fleet.server.valueOf('1')).toBeUndefined();
    expect(fleet.clock.pending).toBe(0);
  });

  it('gives back the right that a look under way has won by then', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start({ closeTimeout: 0 });
    const load = deferred<string>();
    const first = a.cache.getOrSet('k', () => load.promise);
    await settled();
    const second = deferred<string>();
    const call = b.cache.getOrSet('k', () => second.promise);
    await fleet.pass(50);
    const look = deferred();
    b.store.before = (operation) => (operation === 'read' ? look.promise : undefined);
    await fleet.pass(500);
    load.reject(new Error('no value'));
    await expect(first).rejects.toThrow('no value');
    await a.cache.invalidate('k');
    await b.cache.close();
    look.resolve();
    await fleet.pass(100);
    expect(fleet.server.find('k')).toBeUndefined();
    second.resolve('from b');
    await expect(call).resolves.toBe('from b');
    expect(fleet.server.find('k')).toBeUndefined();
    expect(fleet.clock.pending).toBe(0);
  });
});

describe('after close()', () => {
  it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
    ['get', (cache) => cache.get('k')],
    ['getMany', (cache) => cache.getMany([])],
    ['set', (cache) => cache.set('k', 1)],
    ['setMany', (cache) => cache.setMany({})],
    ['beginSet', (cache) => cache.beginSet('k')],
    ['delete', (cache) => cache.delete('k')],
    ['deleteMany', (cache) => cache.deleteMany([])],
    ['invalidate', (cache) => cache.invalidate('k', 'l')],
    ['invalidateTags', (cache) => cache.invalidateTags('t')],
    ['invalidateTags softly', (cache) => cache.invalidateTags('t', { soft: '5s' })],
    ['invalidateNamespace', (cache) => cache.invalidateNamespace('shop:')],
    ['add', (cache) => cache.items.add('k', 1)],
    ['gets', (cache) => cache.items.gets('k')],
    ['update', (cache) => cache.update('k', () => 1)],
    ['withLock', (cache) => cache.withLock('k', { ttl: '5s' }, () => 1)],
  ])('%s rejects', async (_command, call) => {
    const client = new MemcachedClient({ servers: '127.0.0.1:1' });
    const cache = new CacheEngine(new ClientStore(client), { namespaces: ['shop:'] });
    await cache.close(() => client.close());
    await expect(call(cache)).rejects.toBeInstanceOf(ClientClosedError);
  });

  it('loaders are called, and nothing is stored', async () => {
    await using server = await MemcachedServer.start();
    const client = new MemcachedClient({ servers: server.address });
    const cache = new CacheEngine(new ClientStore(client));
    await cache.close(() => client.close());
    await expect(cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded');
    await expect(cache.getOrSetMany(['l'], String, (ids) => ids.map(() => 'loaded'))).resolves.toEqual(
      new Map([['l', 'loaded']]),
    );
    await using other = new MemcachedClient({ servers: server.address });
    expect((await other.getMany(['k', 'l'])).size).toBe(0);
  });
});
