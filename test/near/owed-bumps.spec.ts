import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { heardAll, startOnBus } from './support/on-bus.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { BumpCutter } from './support/bump-cutter.js';
import {
  expectDropped,
  KEY_PREFIX,
  markLongAgo,
  Members,
  NEAR,
  warm,
  type Member,
} from './support/members.js';

/** In the classic dialect a near cache begins after 2.5 s. */
jest.setTimeout(60_000);

const CHANGES: Record<string, (member: Member, key: string) => Promise<unknown>> = {
  invalidate: ({ cache }, key) => cache.invalidate(key),
  soft: ({ cache }, key) => cache.invalidate(key, { soft: '30s' }),
  tag: ({ cache }) => cache.invalidateTags('tag'),
  set: ({ cache }, key) => cache.set(key, 'new', { tags: ['tag'] }),
  update: ({ cache }, key) => cache.update(key, () => 'new'),
};

describeReal('a bump that is owed', () => {
  let server: RealMemcached;
  let way: BumpCutter;
  const members = new Members();

  beforeEach(async () => {
    server = await startMemcached();
    way = await BumpCutter.start(server);
    await markLongAgo(server.address);
  });
  afterEach(async () => {
    way.up();
    await members.close();
    await way.close();
    await server.stop();
  });

  async function delivered({ client }: Member): Promise<number> {
    while (client.topology().some(({ owed }) => owed > 0)) await wait(1);
    return performance.now();
  }

  describe.each(['meta', 'classic'] as const)('%s dialect', (protocol) => {
    it.each(['not sent', 'answer lost'] as const)(
      'ends near copies once it is delivered: %s',
      async (cut) => {
        const reader = members.start(server.address, NEAR, { protocol });
        const writer = members.start(way.address, {}, { protocol });
        for (const [name, change] of Object.entries(CHANGES)) {
          await warm(reader, name, 'old', ['tag']);
          const before = way.cuts;
          way.cutNext(cut);
          await change(writer, name);
          expect([name, way.cuts, writer.client.topology()[0].owed]).toEqual([name, before + 1, 1]);
          way.up();
          await expectDropped(reader, name, await delivered(writer), { tags: ['tag'] });
        }
      },
    );
  });

  it.each<readonly [string, (writer: Member) => Promise<unknown>]>([
    ['an invalidation', ({ cache }) => cache.invalidate('k')],
    ['a tag', ({ cache }) => cache.invalidateTags('tag')],
    ['more than can be remembered', ({ cache }) => cache.invalidate('a', 'b', 'k')],
  ])('is told on the bus once it is delivered: %s', async (_what, change) => {
    const [reader, writer] = await startOnBus(members, server.address, way.address, { maxOwedDeletes: 2 });
    await warm(reader, 'k', 'old', ['tag']);
    way.down();
    await change(writer);
    // In the meantime the old value is there, and kept again.
    await heardAll(reader);
    await warm(reader, 'k', 'old', ['tag']);
    way.up();
    const at = await delivered(writer);
    expect(reader.cache.near?.bus?.trusted).toBe(true);
    await expectDropped(reader, 'k', at, { tags: ['tag'] });
  });

  it('is noticed that is delivered while its process ends, which says no goodbye on the bus', async () => {
    const [reader, writer] = await startOnBus(members, server.address, way.address);
    await warm(reader, 'k', 'old');
    way.down();
    await writer.cache.invalidate('k');
    await heardAll(reader);
    await warm(reader, 'k', 'old');
    way.up();
    await writer.cache.close();
    await writer.client.close();
    await expectDropped(reader, 'k', performance.now());
  });

  it('is not lost among more than can be remembered, though the keys are gone by then', async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
    const reader = members.start(server.address, NEAR);
    const writer = members.start(way.address, {}, { maxOwedDeletes: 2 });
    await warm(reader, keys, 'old');
    way.down();
    await Promise.all(keys.map((key) => writer.cache.invalidate(key)));
    expect(writer.client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
    // As if they had been evicted: when the server is asked for what it holds, they are not there.
    await using raw = new MemcachedClient({ servers: server.address, keyPrefix: KEY_PREFIX });
    await Promise.all(keys.map((key) => raw.delete(key)));
    way.up();
    const at = await delivered(writer);
    for (const key of keys) await expectDropped(reader, key, at);
  });
});
