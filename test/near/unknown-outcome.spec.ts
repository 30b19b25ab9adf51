import { afterEach, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { KEEP } from '../../lib/cache/cas-update.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { EpochNames } from '../../lib/cluster/epoch-names.js';
import { CommandTimeoutError } from '../../lib/errors.js';
import { LateRelay } from '../support/late-relay.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { heardAll, startOnBus } from './support/on-bus.js';
import { expectDropped, KEY_PREFIX, markLongAgo, Members, NEAR, warm } from './support/members.js';

jest.setTimeout(60_000);

const names = new EpochNames((name) => name);

/** Where an update stores. */
const STORES = /^(?:ms|cas) app:k /m;

describeReal('an update of which nobody knows what became, and whose bytes arrive late', () => {
  const members = new Members();
  afterEach(() => members.close());

  it('is told on the bus once more when its bytes have most likely arrived', async () => {
    await using server = await startMemcached();
    await markLongAgo(server.address);
    await using relay = await LateRelay.before(server.port);
    const options = { commandTimeout: '200ms' } as const;
    const [reader, writer] = await startOnBus(members, server.address, relay.address, options);
    await warm(reader, 'k', 'old');
    const held = relay.hold((bytes) => STORES.test(bytes));
    const given = writer.cache.update('k', () => 'new');
    await held;
    await expect(given).rejects.toThrow(CommandTimeoutError);
    const rejectedAt = performance.now();
    // Once that was told, the old value is kept again.
    await heardAll(reader);
    await warm(reader, 'k', 'old');
    await relay.deliver();
    await expectDropped(reader, 'k', rejectedAt + 500);
  });

  it.each(['meta', 'classic'] as const)(
    'is noticed once an update has found it done (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await markLongAgo(server.address);
      await using relay = await LateRelay.before(server.port);
      const reader = members.start(server.address, NEAR, { protocol });
      const writer = members.start(relay.address, {}, { protocol, commandTimeout: '200ms' });
      await using raw = new MemcachedClient({ servers: server.address, keyPrefix: KEY_PREFIX });
      await warm(reader, 'k', 'old');
      const held = relay.hold((bytes) => STORES.test(bytes));
      const given = writer.cache.update('k', () => 'new');
      await held;
      await expect(given).rejects.toThrow(CommandTimeoutError);
      // It is bumped twice in vain: the bytes arrive still later.
      const epoch = `~epoch:${names.shardOf(`${KEY_PREFIX}k`)}`;
      let known: unknown;
      for (let bumps = 0; bumps < 2;) {
        await warm(reader, 'k', 'old');
        const present = await raw.get(epoch);
        if (known !== undefined && present !== undefined && present !== known) bumps += 1;
        known = present ?? known;
        await wait(20);
      }
      await warm(reader, 'k', 'old');
      await relay.deliver();
      let found: unknown;
      expect(
        await writer.cache.update('k', (current) => {
          found = current;
          return current === 'new' ? KEEP : 'new';
        }),
      ).toBe('new');
      expect(found).toBe('new');
      await expectDropped(reader, 'k', performance.now());
    },
  );
});
