import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError, InvalidOptionsError, LoaderTimeoutError } from '../../lib/errors.js';
import type { LoadContext } from '../../lib/cache/load-context.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

function never(): never {
  throw new Error('the loader must not be called');
}

describe('ctx.setTtl', () => {
  it('sets how long the value is fresh, whatever the policy says', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '1h', grace: '10s' });
    await cache.getOrSet('k', (context) => {
      context.setTtl('20s');
      return 1;
    });
    expect(fleet.server.ttlOf('k')).toBe(30);
  });

  it('takes never', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.getOrSet('k', (context) => {
      context.setTtl('never');
      return 1;
    });
    expect(fleet.server.ttlOf('k')).toBe(-1);
  });

  it('refuses what memcached cannot count, in the loader, and lets nobody wait for it', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const call = cache.getOrSet('k', (context) => {
      context.setTtl(60);
      return 1;
    });
    await expect(call).rejects.toThrow(InvalidOptionsError);
    await expect(call).rejects.toThrow(
      "ctx.setTtl: 60 ms is below one second, the smallest ttl memcached can count; did you mean '60s'?",
    );
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
  });
});

describe('ctx.skip', () => {
  it('returns the value to all who wait, and stores nothing', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const skip = (context: LoadContext): string => {
      context.skip();
      return 'partial';
    };
    await expect(Promise.all([cache.getOrSet('k', skip), cache.getOrSet('k', skip)])).resolves.toEqual([
      'partial',
      'partial',
    ]);
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
    expect(cache.counters.load).toBe(1);
  });

  it('leaves a stale value for the next to refresh', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    await cache.getOrSet('k', (context) => {
      context.skip();
      return 'partial';
    });
    await settled();
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('old');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});

describe('ctx.stale and ctx.unchanged', () => {
  it('tell the loader what it replaces, and make that fresh again', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSet<{ etag: string }>('k', () => ({ etag: 'x' }));
    await fleet.pass(12_000);
    const seen: unknown[] = [];
    await cache.getOrSet<{ etag: string }>('k', (context) => {
      seen.push(context.stale);
      return context.unchanged();
    });
    await settled();
    expect(seen).toEqual([{ etag: 'x' }]);
    expect(fleet.server.ttlOf('k')).toBe(70);
    await expect(cache.getOrSet<{ etag: string }>('k', never)).resolves.toEqual({ etag: 'x' });
  });

  it('refuse to keep what is not there', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const call = cache.getOrSet('k', (context) => context.unchanged());
    await expect(call).rejects.toThrow(InvalidArgumentError);
    await expect(call).rejects.toThrow('there is no stale value of "k" to keep; look at ctx.stale first');
  });
});

describe('ctx.signal', () => {
  it('is aborted when the only caller gives up, and the lease is given back', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    let signal!: AbortSignal;
    const call = cache.getOrSet(
      'k',
      (context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    await settled();
    const reason = new Error('the browser has gone');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(signal.aborted).toBe(true);
    await settled();
    expect(fleet.server.items.size).toBe(0);
    expect(cache.counters.loadFailure).toBe(0);
  });

  it('is aborted for a loader that asks for it only then', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const asked = deferred();
    let signal: AbortSignal | undefined;
    const call = cache.getOrSet(
      'k',
      async (context) => {
        await asked.promise;
        signal = context.signal;
      },
      { hardTimeout: '1s' },
    );
    call.catch(() => undefined);
    await fleet.pass(1000);
    await expect(call).rejects.toThrow(LoaderTimeoutError);
    asked.resolve();
    await settled();
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBeInstanceOf(LoaderTimeoutError);
  });

  it('is not aborted while another caller waits', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    const load = deferred<string>();
    let signal!: AbortSignal;
    const gone = cache.getOrSet(
      'k',
      (context) => {
        signal = context.signal;
        return load.promise;
      },
      { signal: controller.signal },
    );
    await settled();
    const waits = cache.getOrSet('k', never);
    await settled();
    controller.abort();
    await expect(gone).rejects.toThrow('This operation was aborted');
    expect(signal.aborted).toBe(false);
    load.resolve('new');
    await expect(waits).resolves.toBe('new');
  });

  it('is not joined once it is aborted: who comes later loads anew', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const controller = new AbortController();
    const gone = cache.getOrSet('k', () => new Promise<string>(() => undefined), {
      signal: controller.signal,
    });
    await settled();
    controller.abort();
    await expect(gone).rejects.toThrow();
    const next = cache.getOrSet('k', () => 'new');
    await fleet.pass(20);
    await expect(next).resolves.toBe('new');
  });

  it('that is aborted before the call refuses it, without a trip', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const call = cache.getOrSet('k', never, { signal: AbortSignal.abort() });
    await expect(call).rejects.toThrow('This operation was aborted');
    expect(store.log).toEqual([]);
  });

  it('that is aborted during the read gives the lease back, and nothing is loaded', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const controller = new AbortController();
    const gate = deferred();
    store.after = () => gate.promise;
    const call = cache.getOrSet('k', never, { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
    store.after = undefined;
    gate.resolve();
    await settled();
    expect(fleet.server.items.size).toBe(0);
  });

  it('that is aborted while another process is waited for ends the wait', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    void a.cache.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const before = fleet.clock.pending;
    const controller = new AbortController();
    const call = b.cache.getOrSet('k', never, { signal: controller.signal });
    await fleet.pass(50);
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
    await settled();
    expect(fleet.clock.pending).toBe(before);
  });

  it('of a refresh behind a response is not the caller’s', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    const controller = new AbortController();
    const load = deferred<string>();
    await cache.getOrSet('k', () => load.promise, { signal: controller.signal });
    controller.abort();
    load.resolve('new');
    await settled();
    expect(fleet.server.valueOf('k')).toBe('new');
  });
});

describe('the async context', () => {
  it('of a refresh behind a response is that of the caller whose read led to it', async () => {
    const fleet = new Fleet();
    const requests = new AsyncLocalStorage<string>();
    const outside = new AsyncResource('test');
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' }, (work) => outside.runInAsyncScope(work));
    const seen: (string | undefined)[] = [];
    const loader = (): string => {
      seen.push(requests.getStore());
      return 'value';
    };
    await requests.run('one', () => cache.getOrSet('k', loader));
    await fleet.pass(12_000);
    await requests.run('two', () => cache.getOrSet('k', loader));
    await settled();
    await requests.run('three', () => cache.getOrSet('k', loader, { serveStale: false }));
    expect(seen).toEqual(['one', 'two']);
  });

  it('of a load that callers wait for is the one of the first of them', async () => {
    const fleet = new Fleet();
    const requests = new AsyncLocalStorage<string>();
    const outside = new AsyncResource('test');
    const { cache } = fleet.start({}, (work) => outside.runInAsyncScope(work));
    const loader = (): string | undefined => requests.getStore();
    const one = requests.run('one', () => cache.getOrSet('k', loader));
    const two = requests.run('two', () => cache.getOrSet('k', loader));
    await expect(Promise.all([one, two])).resolves.toEqual(['one', 'one']);
  });
});

describe('close', () => {
  it('waits for what is being computed behind responses', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s', closeTimeout: '1s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    const load = deferred<string>();
    await cache.getOrSet('k', () => load.promise);
    let closed = false;
    const closing = cache.close().then(() => (closed = true));
    await fleet.pass(500);
    expect(closed).toBe(false);
    load.resolve('new');
    await closing;
    expect(fleet.server.valueOf('k')).toBe('new');
    expect(fleet.clock.pending).toBe(0);
  });

  it('aborts what takes longer than closeTimeout, gives the right back and leaves no timer', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s', closeTimeout: '1s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    let signal!: AbortSignal;
    await cache.getOrSet<string>('k', (context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    await settled();
    const closing = cache.close();
    await fleet.pass(1000);
    await closing;
    expect(signal.aborted).toBe(true);
    expect(fleet.clock.pending).toBe(0);
    expect(fleet.server.find('k')?.tokenSent).toBe(false);
  });

  it('begins no more refreshes, and still serves', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    await cache.close();
    await expect(cache.getOrSet('k', never)).resolves.toBe('old');
    await settled();
    expect(cache.counters).toMatchObject({ refresh: 0, stale: 1 });
    expect(fleet.server.find('k')?.tokenSent).toBe(false);
  });

  it('tells loaders at once with closeTimeout: 0; their callers get what they make of it', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ closeTimeout: 0 });
    const call = cache.getOrSet('k', ({ signal }) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    call.catch(() => undefined);
    await settled();
    await cache.close();
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });
});

describe('a loader that asks for its own key', () => {
  it('is told so, instead of waiting for itself', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const call = cache.getOrSet('k', () => cache.getOrSet('k', never));
    await expect(call).rejects.toThrow(InvalidArgumentError);
    await expect(call).rejects.toThrow(
      'getOrSet("k") is called by its own loader, and would wait for itself',
    );
    await settled();
    expect(fleet.server.find('k')?.entry?.kind).toBe('hit-for-miss');
    await expect(cache.getOrSet('k', () => cache.getOrSet('other', () => 1))).resolves.toBe(1);
  });

  it('gets the stale value, where there is one', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.getOrSet('k', () => 'old');
    await fleet.pass(12_000);
    let seen: unknown;
    await cache.getOrSet('k', async () => (seen = await cache.getOrSet('k', never)));
    await settled();
    expect(seen).toBe('old');
  });
});
