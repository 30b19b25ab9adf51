import { describe, expect, it, jest } from '@jest/globals';
import { LoaderTimeoutError } from '../../lib/errors.js';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet, type Member } from './support/fleet.js';

const OPTIONS: MemcachedCacheOptions = { ttl: '10s', grace: '60s', lease: '5s' };

async function staleFleet(
  options: MemcachedCacheOptions = {},
): Promise<{ fleet: Fleet; a: Member; b: Member }> {
  const fleet = new Fleet();
  const a = fleet.start({ ...OPTIONS, ...options });
  const b = fleet.start({ ...OPTIONS, ...options });
  await a.cache.getOrSet('k', () => 'old');
  await fleet.pass(12_000);
  return { fleet, a, b };
}

function never(): never {
  throw new Error('the loader must not be called');
}

function failing(): never {
  throw new Error('no database');
}

describe('a loader that fails while a stale value is there', () => {
  it('behind a response goes unnoticed, and gives the right back', async () => {
    const { fleet, a, b } = await staleFleet();
    await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
    await settled();
    expect(a.cache.counters).toMatchObject({ loadFailure: 1, stale: 1 });
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('with serveStale: false is stood in for by the stale value', async () => {
    const { a } = await staleFleet({ serveStale: false });
    await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
    expect(a.cache.counters).toMatchObject({ loadFailure: 1, stale: 1 });
  });

  it('is thrown untouched where serveStaleIf says so', async () => {
    const gone = new Error('no such row');
    const serveStaleIf = (error: unknown): boolean => error !== gone;
    const { a } = await staleFleet({ serveStale: false, serveStaleIf });
    const call = a.cache.getOrSet('k', () => {
      throw gone;
    });
    await expect(call).rejects.toBe(gone);
  });

  it('is not called again before retryAfter is over, which doubles with each failure', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: '2s' });
    const loader = jest.fn(failing);
    const tries: number[] = [];
    for (let second = 0; second < 32; second += 1) {
      const before = loader.mock.calls.length;
      await expect(a.cache.getOrSet('k', loader)).resolves.toBe('old');
      await settled();
      if (loader.mock.calls.length > before) tries.push(second);
      await fleet.pass(1000);
    }
    expect(tries).toEqual([0, 2, 6, 14, 30]);
  });

  it('is called at every read with retryAfter: 0', async () => {
    const { a } = await staleFleet({ retryAfter: 0 });
    const loader = jest.fn(failing);
    for (let call = 0; call < 5; call += 1) {
      await a.cache.getOrSet('k', loader);
      await settled();
    }
    expect(loader).toHaveBeenCalledTimes(5);
  });

  it('does not keep its stale value beyond the grace by failing again and again', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: 0 });
    for (let second = 12; second < 69; second += 1) {
      await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
      await fleet.pass(1000);
    }
    await fleet.pass(2000);
    await expect(a.cache.getOrSet('k', failing)).rejects.toThrow('no database');
  });

  it('does not prolong its stale value by failing slowly', async () => {
    const { fleet, a } = await staleFleet();
    const load = deferred<string>();
    await a.cache.getOrSet('k', () => load.promise);
    await fleet.pass(5000);
    const left = fleet.server.ttlOf('k') as number;
    load.reject(new Error('no database'));
    await settled();
    expect(fleet.server.ttlOf('k')).toBeLessThanOrEqual(left);
    expect(fleet.server.ttlOf('k')).toBeGreaterThan(left - 3);
  });

  it('is thrown when the grace is over by the time it fails', async () => {
    const { fleet, a } = await staleFleet({ serveStale: false, grace: '10s' });
    const load = deferred<string>();
    const call = a.cache.getOrSet('k', () => load.promise);
    await fleet.pass(9000);
    load.reject(new Error('no database'));
    await expect(call).rejects.toThrow('no database');
  });

  it('has its first pause again after a success', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: '2s', ttl: '1s' });
    const failAndWait = async (ms: number): Promise<void> => {
      await a.cache.getOrSet('k', failing);
      await fleet.pass(ms);
    };
    await failAndWait(2000);
    await failAndWait(4000);
    await a.cache.getOrSet('k', () => 'new');
    await fleet.pass(1500);
    await failAndWait(2000);
    await a.cache.getOrSet('k', () => 'newer');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('newer');
  });

  it('pauses, and is then called once, however many ask', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: '2s' });
    await a.cache.getOrSet('k', failing);
    await fleet.pass(100);
    await a.cache.getOrSet('k', never);
    await fleet.pass(2000);
    const loader = jest.fn(() => new Promise<string>(() => undefined));
    for (let call = 0; call < 5; call += 1) {
      await expect(a.cache.getOrSet('k', loader)).resolves.toBe('old');
      await fleet.pass(10);
    }
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('pauses, and then succeeds with the right that was held during the pause', async () => {
    const { fleet, a } = await staleFleet({ retryAfter: '2s' });
    await a.cache.getOrSet('k', failing);
    await settled();
    for (let call = 0; call < 10; call += 1) {
      await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
      await fleet.pass(100);
    }
    await fleet.pass(1000);
    a.store.log.length = 0;
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(a.store.log).toEqual(['read k', 'write k']);
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('costs the pause only one process: another one tries at once', async () => {
    const { fleet, a, b } = await staleFleet({ retryAfter: '30s' });
    await a.cache.getOrSet('k', failing);
    await settled();
    await b.cache.getOrSet('k', () => 'new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('new');
  });

  it('computes in the foreground during the pause where the failure may not be stood in for', async () => {
    const { fleet, a } = await staleFleet({ serveStaleIf: () => false, retryAfter: '30s' });
    await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
    await fleet.pass(10);
    await expect(a.cache.getOrSet('k', failing)).rejects.toThrow('no database');
  });
});

describe('a loader that fails with nothing there', () => {
  it('throws its own error to everyone who waits, and lets nobody wait for the lease', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const error = new Error('no database');
    const rejecting = (): Promise<never> => Promise.reject(error);
    const calls = await Promise.allSettled([1, 2, 3].map(() => cache.getOrSet('k', rejecting)));
    for (const call of calls) expect(call).toMatchObject({ status: 'rejected', reason: error });
    expect(cache.counters.load).toBe(1);
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
  });

  it('throws what is no error, too', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what a careless loader does
    await expect(cache.getOrSet('k', () => Promise.reject('a text'))).rejects.toBe('a text');
  });

  it('is called by the next call', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('no database');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });
});

describe('softTimeout', () => {
  it('serves the stale value when the loader is slower, and lets it finish', async () => {
    const { fleet, a } = await staleFleet({ serveStale: false, softTimeout: '100ms' });
    const load = deferred<string>();
    const call = a.cache.getOrSet('k', () => load.promise);
    await fleet.pass(99);
    expect(a.cache.counters.stale).toBe(0);
    await fleet.pass(1);
    await expect(call).resolves.toBe('old');
    load.resolve('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });

  it('is not waited for when the loader is quicker', async () => {
    const { fleet, a } = await staleFleet({ serveStale: false, softTimeout: '100ms' });
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(fleet.clock.pending).toBe(0);
  });

  it('does not abort the loader for callers that have a signal', async () => {
    const { fleet, a } = await staleFleet({ serveStale: false, softTimeout: '100ms' });
    const load = deferred<string>();
    let signal!: AbortSignal;
    const call = a.cache.getOrSet(
      'k',
      (context) => {
        signal = context.signal;
        return load.promise;
      },
      { signal: new AbortController().signal },
    );
    await fleet.pass(100);
    await expect(call).resolves.toBe('old');
    expect(signal.aborted).toBe(false);
  });
});

describe('hardTimeout', () => {
  it('ends a load with a LoaderTimeoutError, aborts its signal and gives the lease back', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ hardTimeout: '200ms' });
    let signal!: AbortSignal;
    const call = cache.getOrSet('k', (context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    call.catch(() => undefined);
    await fleet.pass(200);
    await expect(call).rejects.toThrow(LoaderTimeoutError);
    await expect(call).rejects.toMatchObject({ key: 'k', timeoutMs: 200, code: 'MEMCACHED_LOADER_TIMEOUT' });
    expect(signal.aborted).toBe(true);
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
    expect(fleet.clock.pending).toBe(0);
  });

  it('serves a stale value instead, if there is one', async () => {
    const { fleet, a } = await staleFleet({ serveStale: false, hardTimeout: '200ms' });
    const call = a.cache.getOrSet('k', () => new Promise<string>(() => undefined));
    await fleet.pass(200);
    await expect(call).resolves.toBe('old');
    expect(a.cache.counters.loadFailure).toBe(1);
  });

  it('throws a late result away', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ hardTimeout: '200ms' });
    const load = deferred<string>();
    const call = cache.getOrSet('k', () => load.promise);
    call.catch(() => undefined);
    await fleet.pass(200);
    load.resolve('late');
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
  });

  it('leaves no timer behind a loader that is quicker', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ hardTimeout: '200ms' });
    await cache.getOrSet('k', () => 'new');
    expect(fleet.clock.pending).toBe(0);
  });
});

describe('refreshAhead', () => {
  const AHEAD: MemcachedCacheOptions = { ttl: '100s', grace: '10s', refreshAhead: 0.2, lease: '5s' };

  it('lets one reader compute behind its response in the last part of the ttl', async () => {
    const fleet = new Fleet();
    const a = fleet.start(AHEAD);
    const b = fleet.start(AHEAD);
    await a.cache.getOrSet('k', () => 'old');
    await fleet.pass(79_000);
    await a.cache.getOrSet('k', never);
    await fleet.pass(1000);
    const load = deferred<string>();
    await expect(a.cache.getOrSet('k', () => load.promise)).resolves.toBe('old');
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
    load.resolve('new');
    await settled();
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('new');
    expect(fleet.server.ttlOf('k')).toBe(110);
    expect(a.cache.counters).toMatchObject({ stale: 0, refresh: 1 });
  });

  it('leaves a value fresh when its refresh fails, and tries again once it is stale', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ ...AHEAD, serveStale: false, retryAfter: '1s' });
    await a.cache.getOrSet('k', () => 'old');
    await fleet.pass(85_000);
    await expect(a.cache.getOrSet('k', failing)).resolves.toBe('old');
    await settled();
    await fleet.pass(10_000);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(a.cache.counters).toMatchObject({ stale: 0, loadFailure: 1 });
    await fleet.pass(6000);
    await expect(a.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    expect(a.cache.counters.takeOver).toBe(1);
  });

  it('leaves a value fresh whose reader has given up', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start(AHEAD);
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(85_000);
    const gate = deferred();
    store.after = () => gate.promise;
    const controller = new AbortController();
    const call = cache.getOrSet('k', never, { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
    store.after = undefined;
    gate.resolve();
    await settled();
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
    expect(cache.counters.stale).toBe(0);
  });

  it('waits for the expiry of values whose ttl is shorter than the policy says', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ...AHEAD, grace: 0, nullTtl: '10s' });
    const loader = jest.fn(() => null);
    for (let second = 0; second < 9; second += 1) {
      await expect(cache.getOrSet('k', loader)).resolves.toBeNull();
      await fleet.pass(1000);
    }
    expect(loader).toHaveBeenCalledTimes(1);
    await fleet.pass(1000);
    await cache.getOrSet('k', loader);
    expect(loader).toHaveBeenCalledTimes(2);
  });
});

describe('the right to refresh in the hands of a process that died', () => {
  it('is taken over once it has been there for longer than the lease', async () => {
    const { fleet, a, b } = await staleFleet();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    for (let second = 0; second < 5; second += 1) {
      await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
      await fleet.pass(1000);
    }
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(b.cache.counters).toMatchObject({ takeOver: 1, refresh: 1, load: 1 });
  });

  it('is not taken over from one who has only just got it, however long the value has been stale', async () => {
    const { fleet, a, b } = await staleFleet();
    await fleet.pass(30_000);
    const load = deferred<string>();
    void a.cache.getOrSet('k', () => load.promise);
    await settled();
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
    await fleet.pass(4000);
    await expect(b.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(b.cache.counters.takeOver).toBe(0);
  });

  it('is taken over without losing the stale value to the others', async () => {
    const { fleet, a, b } = await staleFleet();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    await b.cache.getOrSet('k', never);
    await fleet.pass(5000);
    const left = fleet.server.ttlOf('k') as number;
    await b.cache.getOrSet('k', () => new Promise<string>(() => undefined));
    await settled();
    const c = fleet.start(OPTIONS);
    await expect(c.cache.getOrSet('k', never)).resolves.toBe('old');
    expect(fleet.server.ttlOf('k')).toBe(left);
  });

  it('is taken over by one process of all that want it', async () => {
    const { fleet, a, b } = await staleFleet();
    const c = fleet.start(OPTIONS);
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    await b.cache.getOrSet('k', never);
    await c.cache.getOrSet('k', never);
    await fleet.pass(5000);
    const loader = jest.fn(() => new Promise<string>(() => undefined));
    await Promise.all([b.cache.getOrSet('k', loader), c.cache.getOrSet('k', loader)]);
    await settled();
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('is not taken from this very process, whose load takes longer than the lease', async () => {
    const { fleet, a } = await staleFleet();
    const load = deferred<string>();
    await a.cache.getOrSet('k', () => load.promise);
    await fleet.pass(7000);
    await expect(a.cache.getOrSet('k', never)).resolves.toBe('old');
    load.resolve('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(a.cache.counters).toMatchObject({ takeOver: 0, leaseLost: 0 });
  });

  it('is taken over by who waits for the value, too', async () => {
    const { fleet, a, b } = await staleFleet({ serveStale: false });
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    a.store.breakDown();
    const call = b.cache.getOrSet('k', () => 'new');
    await fleet.pass(5500);
    await expect(call).resolves.toBe('new');
    expect(b.cache.counters.takeOver).toBe(1);
  });
});
