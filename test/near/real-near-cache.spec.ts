import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import type { MemcachedCacheOptions } from '../../lib/options/cache-options.js';
import type { Failover } from '../../lib/options/client-options.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { expectDropped, markLongAgo, Members, NEAR, warm, type Member } from './support/members.js';

/** The wait until a near cache begins, where it cannot be told for how long there has been one, is 2.5 s each time. */
jest.setTimeout(60_000);

const MODES = (['error', 'miss', 'next'] as const).flatMap((failover) =>
  (['meta', 'classic'] as const).map((protocol) => [failover, protocol] as const),
);

describeReal('near caches on real servers', () => {
  let servers: RealMemcached[];
  const members = new Members();

  beforeEach(async () => {
    servers = await Promise.all([startMemcached(), startMemcached()]);
    await Promise.all(servers.map(({ address }) => markLongAgo(address)));
  });
  afterEach(async () => {
    await members.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  function start(
    failover: Failover,
    protocol: 'meta' | 'classic',
    options: MemcachedCacheOptions = {},
  ): Member {
    const addresses = servers.map(({ address }) => address);
    return members.start(addresses, options, { failover, protocol });
  }

  describe.each(MODES)('failover %s, %s dialect', (failover, protocol) => {
    it('serve what others have changed no longer than they may', async () => {
      const [reader, other, plain] = [NEAR, NEAR, {}].map((near) => start(failover, protocol, near));
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
          await expectDropped(reader, key, performance.now(), { tags: ['tag'] });
          await plain.cache.invalidateTags('tag');
        }
      }
    });

    it('lose the keys of a server that is away, and no others', async () => {
      const member = start(failover, protocol, { ...NEAR, leaseWait: 0 });
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
