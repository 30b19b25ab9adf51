import { expect, it } from '@jest/globals';
import type { CacheEntry } from '../../lib/cache/store.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

const VALUE: CacheEntry = { value: 'new', tags: [], kind: 'value' };

/** A store of its own on a server, as another process has it. */
class Process implements AsyncDisposable {
  readonly client: MemcachedClient;
  readonly store: ClientStore;

  constructor(servers: string, protocol: 'auto' | 'classic' = 'auto') {
    this.client = new MemcachedClient({ servers, protocol, commandTimeout: '10s', connectTimeout: '10s' });
    this.store = new ClientStore(this.client);
  }

  /** Has something happen between the next look of the store and what it does about it. */
  onceItHasLooked(work: () => Promise<unknown>): void {
    const { client } = this;
    const look = client.leaseGet.bind(client);
    client.leaseGet = (async (...given: Parameters<typeof look>) => {
      client.leaseGet = look;
      const found = await look(...given);
      await work();
      return found;
    }) as typeof look;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describeReal('a soft invalidation on a real memcached', () => {
  it.each(['auto', 'classic'] as const)(
    'removes the stub of a lease, and voids the lease (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using a = new Process(server.address, protocol);
      await using b = new Process(server.address, protocol);
      const lease = await a.store.read('k', 600, 0);
      expect(lease.won).toBe(true);
      await b.store.markStale('k', 300);
      expect(await a.client.metadebug('k').catch(() => undefined)).toBeUndefined();
      expect(await a.store.writeLoaded('k', VALUE, 60, lease, false)).toBe('not-found');
      expect(await b.store.read('k', 10, 0)).toMatchObject({ hit: false, won: true });
    },
  );

  it('marks the value that has come in the place of a stub', async () => {
    await using server = await startMemcached();
    await using a = new Process(server.address);
    await using b = new Process(server.address);
    const { cas } = await a.store.read('k', 600, 0);
    b.onceItHasLooked(() => a.store.write('k', VALUE, 600, cas));
    await b.store.markStale('k', 300);
    const { hit, stale, ttl } = await a.store.read('k', 600, 0);
    expect({ hit, stale }).toEqual({ hit: true, stale: true });
    expect(ttl).toBeLessThanOrEqual(300_000);
  });

  it('leaves nothing of a stub that has come in the place of nothing', async () => {
    await using server = await startMemcached();
    await using a = new Process(server.address);
    await using b = new Process(server.address);
    b.onceItHasLooked(() => a.store.read('k', 600, 0));
    await b.store.markStale('k', 300);
    await until(async () => (await a.client.metadebug('k')) === undefined);
    expect(await a.store.read('k', 10, 0)).toMatchObject({ hit: false, won: true });
  });

  it('that is made up for leaves nothing of a stub either', async () => {
    await using server = await startMemcached();
    await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    await using a = new Process(server.address);
    await using b = new Process(proxy.address);
    await b.client.version();
    const { cas } = await a.store.read('k', 600, 0);
    proxy.refuse();
    proxy.cutAll();
    await b.store.markStale('k', 300);
    expect(b.client.topology().some(({ owed }) => owed > 0)).toBe(true);
    proxy.heal();
    await until(async () => (await a.client.metadebug('k')) === undefined);
    expect(await a.store.write('k', VALUE, 60, cas)).toBe('not-found');
  });
});
