import { describe, expect, it } from '@jest/globals';
import { ClientClosedError } from '../../lib/errors.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

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
});
