import { describe, expect, it } from '@jest/globals';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

function never(): never {
  throw new Error('the work must not begin');
}

describe('withLock', () => {
  it('runs the work of one process at a time', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const work = deferred<string>();
    const first = a.cache.withLock('job', { ttl: '10s' }, () => work.promise);
    await settled();
    await expect(b.cache.withLock('job', { ttl: '10s' }, never)).resolves.toEqual({ locked: false });
    work.resolve('done');
    await expect(first).resolves.toMatchObject({ locked: true, value: 'done' });
    await expect(b.cache.withLock('job', { ttl: '10s' }, () => 'mine')).resolves.toMatchObject({
      locked: true,
      value: 'mine',
    });
  });

  it('releases the lock when the work throws, and throws the same', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const error = new Error('no');
    await expect(cache.withLock('job', { ttl: '10s' }, () => Promise.reject(error))).rejects.toBe(error);
    await expect(cache.withLock('job', { ttl: '10s' }, () => 1)).resolves.toMatchObject({ locked: true });
  });

  it('waits for the lock as long as it is told to', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const work = deferred();
    void a.cache.withLock('job', { ttl: '10s' }, () => work.promise);
    await settled();
    const patient = b.cache.withLock('job', { ttl: '10s', wait: '2s' }, () => 'mine');
    const hasty = b.cache.withLock('job', { ttl: '10s', wait: '500ms' }, never);
    await fleet.pass(1000);
    await expect(hasty).resolves.toEqual({ locked: false });
    work.resolve();
    await fleet.pass(500);
    await expect(patient).resolves.toMatchObject({ locked: true, value: 'mine' });
    expect(fleet.clock.pending).toBe(0);
  });

  it('tells the work when the lock has ended before it, and does not release the next one', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const work = deferred();
    let signal!: AbortSignal;
    const first = a.cache.withLock('job', { ttl: '2s' }, (aborted) => {
      signal = aborted;
      return work.promise;
    });
    await fleet.pass(2000);
    expect(signal.aborted).toBe(true);
    // The store counts whole seconds, and lets nobody in before the holder has been told.
    await expect(b.cache.withLock('job', { ttl: '10s' }, never)).resolves.toEqual({ locked: false });
    await fleet.pass(1000);
    const other = deferred();
    const second = b.cache.withLock('job', { ttl: '10s' }, () => other.promise);
    await settled();
    work.resolve();
    await first;
    await expect(a.cache.withLock('job', { ttl: '2s' }, never)).resolves.toEqual({ locked: false });
    other.resolve();
    await expect(second).resolves.toMatchObject({ locked: true });
  });

  it('gives every holder a greater number than those before', async () => {
    const { cache } = new Fleet().start();
    const fences: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await cache.withLock('job', { ttl: '2s' }, (_signal, fence) => void fences.push(fence));
    }
    expect(fences).toEqual(fences.toSorted((a, b) => a - b));
    expect(new Set(fences).size).toBe(3);
  });

  it('gives up waiting when its signal is aborted', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    void a.cache.withLock('job', { ttl: '10s' }, () => new Promise(() => undefined));
    await settled();
    const controller = new AbortController();
    const call = a.cache.withLock('job', { ttl: '10s', wait: '5s', signal: controller.signal }, never);
    await fleet.pass(100);
    controller.abort();
    await expect(call).rejects.toThrow('This operation was aborted');
  });

  it('does not begin under a lock that was over before its answer came', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const answer = deferred();
    store.after = () => answer.promise;
    const call = cache.withLock('job', { ttl: '2s' }, never);
    await fleet.pass(2000);
    store.after = undefined;
    answer.resolve();
    await expect(call).resolves.toEqual({ locked: false });
  });

  it('rejects when the store fails, since the lock may be another process’s', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    store.breakDown();
    await expect(cache.withLock('job', { ttl: '10s' }, never)).rejects.toThrow('the store is down');
  });

  it('returns the value of the work when the lock cannot be released: it ends with its ttl', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    const call = cache.withLock('job', { ttl: '10s' }, () => {
      store.breakDown();
      return 'done';
    });
    await expect(call).resolves.toMatchObject({ locked: true, value: 'done' });
  });

  it('does not meet a value of the same key', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('job', 'value');
    await expect(cache.withLock('job', { ttl: '10s' }, () => cache.get('job'))).resolves.toMatchObject({
      locked: true,
      value: 'value',
    });
  });

  it('renews a lock with a lease until its ttl, and then tells the work', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const work = deferred();
    let signal!: AbortSignal;
    const first = a.cache.withLock('job', { ttl: '20s', lease: '2s' }, (aborted) => {
      signal = aborted;
      return work.promise;
    });
    await fleet.pass(19_000);
    expect(signal.aborted).toBe(false);
    await expect(b.cache.withLock('job', { ttl: '10s' }, never)).resolves.toEqual({ locked: false });
    await fleet.pass(1000);
    expect(signal.reason).toMatchObject({ message: 'the lock "job" has ended with its ttl' });
    await fleet.pass(3000);
    await expect(b.cache.withLock('job', { ttl: '10s' }, () => 1)).resolves.toMatchObject({ locked: true });
    work.resolve();
    await first;
    expect(fleet.clock.pending).toBe(0);
  });

  it('lets the next one in after the lease of a holder that shows no more signs of life', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    let signal!: AbortSignal;
    a.store.before = (operation) =>
      operation === 'prolongLock' ? Promise.reject(new Error('away')) : undefined;
    const work = deferred();
    const first = a.cache.withLock('job', { ttl: '10m', lease: '2s' }, (aborted) => {
      signal = aborted;
      return work.promise;
    });
    await fleet.pass(1900);
    expect(signal.aborted).toBe(false);
    await expect(b.cache.withLock('job', { ttl: '10s' }, never)).resolves.toEqual({ locked: false });
    await fleet.pass(100);
    expect(signal.reason).toMatchObject({
      message: 'the lock "job" could not be renewed for as long as its lease',
    });
    await fleet.pass(1500);
    await expect(b.cache.withLock('job', { ttl: '10s' }, () => 1)).resolves.toMatchObject({ locked: true });
    work.resolve();
    await first;
    expect(fleet.clock.pending).toBe(0);
  });

  it('tells a holder whose lock is gone before its lease is over, and releases a renewed one', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const work = deferred();
    let signal!: AbortSignal;
    const first = cache.withLock('job', { ttl: '10m', lease: '6s' }, (aborted) => {
      signal = aborted;
      return work.promise;
    });
    await fleet.pass(2500);
    expect(signal.aborted).toBe(false);
    fleet.server.items.delete('lock:job');
    await fleet.pass(2500);
    expect(signal.reason).toMatchObject({ message: 'the lock "job" is not held any more' });
    work.resolve();
    await first;
    await expect(cache.withLock('job', { ttl: '10s' }, () => 1)).resolves.toMatchObject({ locked: true });
  });
});
