import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { sendRaw } from '../support/raw-commands.js';
import { startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { startTwemproxy, type Twemproxy } from '../../scripts/twemproxy.mjs';
import { describeTwemproxy } from '../support/twemproxy.js';

let backend: RealMemcached;
let proxy: Twemproxy;
let client: MemcachedClient;
let other: MemcachedClient;

beforeEach(async () => {
  backend = await startMemcached();
  proxy = await startTwemproxy([backend.address]);
  client = new MemcachedClient({ servers: proxy.address });
  other = new MemcachedClient({ servers: proxy.address });
  // Both have their connection to the proxy, which stays.
  await Promise.all([client.get('first'), other.get('first')]);
});
afterEach(async () => {
  await Promise.all([client.close(), other.close()]);
  await proxy.stop();
  await backend.stop();
});

/** The digits that the server itself gives an item. */
async function digitsOf(key: string): Promise<string | undefined> {
  return / (\d+)\r\n/.exec(await sendRaw(backend, `gets ${key}\r\n`))?.[1];
}

/** Restarts the server behind the proxy, which goes on answering on the same connections. */
async function restart(): Promise<void> {
  const { port } = backend;
  await backend.stop();
  backend = await startMemcached({ port });
  while (
    await Promise.all([client.get('first'), other.get('first')]).then(
      () => false,
      () => true,
    )
  ) {
    await wait(5);
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describeTwemproxy('a server that is restarted behind twemproxy', () => {
  it('gives the same digits to another lease, under which nothing older is stored or given back', async () => {
    const before = await client.leaseGet('k', { leaseSeconds: 60 });
    const digits = await digitsOf('k');
    await restart();
    const now = await other.leaseGet('k', { leaseSeconds: 60 });
    expect([before.won, now.won]).toEqual([true, true]);
    expect(await digitsOf('k')).toBe(digits);

    expect(await client.cas('k', 'old', before.cas)).toBe('exists');
    expect(await client.invalidateKey('k', { cas: before.cas })).toBe(false);
    expect(await client.invalidateKey('k', { cas: before.cas, stale: '1m' })).toBe(false);
    expect(await other.cas('k', 'new', now.cas)).toBe('stored');
    expect(await client.get('k')).toBe('new');
  });

  it('gives the same digits to another value, which an older token does not replace', async () => {
    await client.set('k', 'old');
    const before = (await client.gets('k'))!.cas;
    const digits = await digitsOf('k');
    await restart();
    await other.set('k', 'new');
    expect(await digitsOf('k')).toBe(digits);

    expect(await client.cas('k', 'changed', before)).toBe('exists');
    expect(await client.delete('k', { cas: before })).toBe(false);
    expect(await client.get('k')).toBe('new');
    expect(await client.cas('k', 'changed', (await client.gets('k'))!.cas)).toBe('stored');
  });

  it('stores no value that was loaded before an invalidation', async () => {
    const [slow, quick] = [client, other].map((each) => new CacheEngine(new ClientStore(each)));
    let row = 'old';
    const gate = deferred();
    const loading = deferred();
    const load = async (): Promise<string> => {
      const read = row;
      loading.resolve();
      await gate.promise;
      return read;
    };
    const first = slow.getOrSet('k', load);
    await loading.promise;
    const digits = await digitsOf('k');
    await restart();
    row = 'new';
    await quick.invalidate('k');
    const again = deferred();
    const begun = deferred();
    const second = quick.getOrSet('k', async () => {
      begun.resolve();
      await again.promise;
      return row;
    });
    await begun.promise;
    expect(await digitsOf('k')).toBe(digits);
    gate.resolve();
    await first;
    again.resolve();
    await second;
    await using third = new MemcachedClient({ servers: proxy.address });
    expect(await new CacheEngine(new ClientStore(third)).getOrSet('k', async () => row)).toBe('new');
  });

  it('loses no update and repeats none', async () => {
    const [first, second] = [client, other].map((each) => new CacheEngine(new ClientStore(each)));
    await first.set('stock', 10);
    const digits = await digitsOf('stock');
    let turn = 0;
    const sold = await first.update<number>('stock', async (stock = 0) => {
      turn += 1;
      if (turn === 1) {
        await restart();
        await second.set('stock', 500);
        expect(await digitsOf('stock')).toBe(digits);
      }
      return stock - 1;
    });
    expect([turn, sold, await second.get('stock')]).toEqual([2, 499, 499]);
  });
});
