import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { Failover } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

const MODES = (['error', 'miss', 'next'] as const).flatMap((failover) =>
  (['meta', 'classic'] as const).map((protocol) => [failover, protocol] as const),
);

describeReal('a cache one of whose servers is away', () => {
  describe.each<readonly [Failover, 'meta' | 'classic']>(MODES)(
    'failover %s, %s dialect',
    (failover, protocol) => {
      let stays: RealMemcached;
      let goes: RealMemcached;
      let client: MemcachedClient;
      let cache: CacheEngine;

      beforeEach(async () => {
        stays = await startMemcached();
        goes = await startMemcached();
        client = new MemcachedClient({
          servers: [stays.address, goes.address],
          failover,
          protocol,
          failuresToDown: 1,
          commandTimeout: '1s',
        });
        cache = new CacheEngine(new ClientStore(client), { lease: '2s' });
      });
      afterEach(async () => {
        await cache.close();
        await client.close();
        await Promise.all([stays.stop(), goes.stop()]);
      });

      /** A name whose item, under a prefix, is on a server. */
      function nameOn(server: RealMemcached, prefix: string, name: string): string {
        for (let n = 0; ; n += 1)
          if (client.serverFor(`${prefix}${name}${n}`) === server.address) return name + n;
      }

      /** Stops a server where it stands, and waits until the client knows. */
      async function takeAway(): Promise<void> {
        await client.set(nameOn(goes, '', 'known'), 1);
        const known = away(true);
        await goes.pause();
        await client.get(nameOn(goes, '', 'known')).catch(() => undefined);
        await known;
      }

      async function bringBack(): Promise<void> {
        const known = away(false);
        goes.kill('SIGCONT');
        await known;
      }

      async function away(wanted: boolean): Promise<void> {
        for (;;) {
          const node = client.topology().find(({ server }) => server === goes.address);
          if ((node?.state !== 'up') === wanted) return;
          await new Promise((resolve) => client.once('node', resolve));
        }
      }

      it.each([undefined, '30s'] as const)(
        'owes it the invalidation of a tag, soft %s: the old value is no fresh one afterwards',
        async (soft) => {
          const tag = nameOn(goes, '~tag:', 't');
          const key = nameOn(stays, '', 'k');
          const read = (value: string): Promise<string> =>
            cache.getOrSet(key, () => value, { tags: [tag], ttl: '1h' });
          await read('old');
          await takeAway();
          await (soft === undefined ? cache.invalidateTags(tag) : cache.invalidateTags(tag, { soft }));
          await bringBack();
          await expect(cache.get(key, { tags: [tag] })).resolves.toBeUndefined();
          await expect(read('new')).resolves.toBe('new');
        },
      );

      it.each([undefined, '30s'] as const)('owes it the invalidation of a key, soft %s', async (soft) => {
        const key = nameOn(goes, '', 'k');
        await cache.set(key, 'old', { ttl: '1h' });
        await takeAway();
        await (soft === undefined ? cache.invalidate(key) : cache.invalidate(key, { soft }));
        await bringBack();
        await expect(cache.get(key)).resolves.toBeUndefined();
      });

      it('stores no value whose tag cannot be read, and leaves no older one', async () => {
        const tag = nameOn(goes, '~tag:', 't');
        const key = nameOn(stays, '', 'k');
        await cache.set(key, 'old', { tags: [tag] });
        await takeAway();
        await cache.set(key, 'new', { tags: [tag] });
        await bringBack();
        await expect(cache.get(key)).resolves.not.toBe('old');
      });

      it('refuses locks and updates of it, whose truth no other server knows', async () => {
        const lock = nameOn(goes, '~lock:', 'l');
        const key = nameOn(goes, '', 'k');
        await cache.update(key, (n) => n + 1, { initial: 41, ttl: 'never' });
        await takeAway();
        const work = jest.fn(() => 1);
        await expect(cache.withLock(lock, { ttl: '5s' }, work)).rejects.toMatchObject({
          code: 'MEMCACHED_CONNECTION',
        });
        await expect(cache.update(key, work, { initial: 0 })).rejects.toMatchObject({
          code: 'MEMCACHED_CONNECTION',
        });
        expect(work).not.toHaveBeenCalled();
        await bringBack();
        await expect(cache.update(key, (n) => n + 1, { initial: 0 })).resolves.toBe(43);
      });

      it('means one item by a key with blanks, whatever the dialect', async () => {
        const other = new MemcachedClient({
          servers: [stays.address, goes.address],
          protocol: protocol === 'meta' ? 'classic' : 'meta',
        });
        const theirs = new CacheEngine(new ClientStore(other));
        await cache.getOrSet('a key', () => 'old');
        await theirs.invalidate('a key');
        await expect(cache.getOrSet('a key', () => 'new')).resolves.toBe('new');
        await other.close();
      });
    },
  );
});
