import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CacheOptions } from '../../lib/options/cache-options.js';
import type { Failover } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

/** The wait until a near cache begins, where it cannot be told for how long there has been one, is 2.5 s each time. */
jest.setTimeout(60_000);

const MODES = (['error', 'miss', 'next'] as const).flatMap((failover) =>
  (['meta', 'classic'] as const).map((protocol) => [failover, protocol] as const),
);

const MAX_AGE_MS = 200;

/** What stands for a process. */
interface Member {
  readonly client: MemcachedClient;
  readonly cache: CacheEngine;
}

/** Has a server say that there have been near caches for hours. */
async function markLongAgo(server: string): Promise<void> {
  await using client = new MemcachedClient({ servers: server, keyPrefix: 'app:' });
  await client.set('~near', 'mark', { ttl: '20h' });
}

describeReal('near caches on real servers', () => {
  let servers: RealMemcached[];
  const members: Member[] = [];

  beforeEach(async () => {
    servers = await Promise.all([startMemcached(), startMemcached()]);
    await Promise.all(servers.map(({ address }) => markLongAgo(address)));
  });
  afterEach(async () => {
    for (const { cache, client } of members.splice(0)) {
      await cache.close();
      await client.close();
    }
    await Promise.all(servers.map((server) => server.stop()));
  });

  function start(failover: Failover, protocol: 'meta' | 'classic', options: CacheOptions = {}): Member {
    const client = new MemcachedClient({
      servers: servers.map(({ address }) => address),
      failover,
      protocol,
      failuresToDown: 1,
      commandTimeout: '2s',
      keyPrefix: 'app:',
    });
    const member = { client, cache: new CacheEngine(new ClientStore(client), { lease: '2s', ...options }) };
    members.push(member);
    return member;
  }

  /** Reads until so many reads in a row were served by the near cache. */
  async function warm({ cache }: Member, key: string, value: unknown, tags: string[] = []): Promise<void> {
    for (;;) {
      const before = cache.near!.hits;
      for (let read = 0; read < 5; read += 1) {
        expect(await cache.getOrSet(key, () => value, { tags })).toEqual(value);
      }
      if (cache.near!.hits === before + 5) return;
      await wait(10);
    }
  }

  describe.each(MODES)('failover %s, %s dialect', (failover, protocol) => {
    it('serve what others have changed no longer than they may', async () => {
      const near = { near: { maxAge: MAX_AGE_MS } };
      const [reader, other, plain] = [
        start(failover, protocol, near),
        start(failover, protocol, near),
        start(failover, protocol),
      ];
      const changes: Record<string, (member: Member, key: string) => Promise<unknown>> = {
        invalidate: ({ cache }, key) => cache.invalidate(key),
        tag: ({ cache }) => cache.invalidateTags('tag'),
        set: ({ cache }, key) => cache.set(key, 'new', { tags: ['tag'] }),
        update: ({ cache }, key) => cache.update(key, () => 'new'),
        soft: ({ cache }, key) => cache.invalidate(key, { soft: '30s' }),
        forceFresh: ({ cache }, key) => cache.getOrSet(key, () => 'new', { tags: ['tag'], forceFresh: true }),
      };
      for (const [name, change] of Object.entries(changes)) {
        for (const writer of [other, plain]) {
          const key = `${name}:${writer === plain ? 'plain' : 'near'}`;
          await warm(reader, key, 'old', ['tag']);
          await change(writer, key);
          const changed = performance.now();
          let began: number;
          let value: unknown;
          do {
            began = performance.now();
            value = await reader.cache.getOrSet(key, () => 'new', { tags: ['tag'], serveStale: false });
            if (value === 'old') expect(began - changed).toBeLessThanOrEqual(MAX_AGE_MS);
          } while (value === 'old');
          expect(value).toBe('new');
          await plain.cache.invalidateTags('tag');
        }
      }
    });

    it('lose the keys of a server that is away, and no others', async () => {
      const member = start(failover, protocol, { near: { maxAge: MAX_AGE_MS }, leaseWait: 0 });
      const [stays, goes] = servers.map(({ address }) => {
        for (let n = 0; ; n += 1) if (member.client.serverFor(`k${n}`) === address) return `k${n}`;
      });
      await warm(member, stays, 'stays');
      await warm(member, goes, 'goes');
      await servers[1].stop();
      const value = async (): Promise<unknown> => member.cache.getOrSet(goes, () => 'loaded');
      while ((await value()) !== 'loaded') await wait(10);
      await warm(member, stays, 'stays');
      expect(member.cache.near?.items).toBe(2);
    });
  });
});
