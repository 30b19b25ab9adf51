import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../lib/cache/clock.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ConnectionError } from '../../lib/errors.js';
import type { NearBusReport } from '../../lib/near/bus-session.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { type Fault, FaultProxy, pass, stall } from '../../lib/testing/fault-proxy.js';
import { LocalBroker } from '../cache/support/local-bus.js';
import { LateRelay } from '../support/late-relay.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { onBus } from './support/on-bus.js';
import {
  expectDropped,
  KEY_PREFIX,
  markLongAgo,
  Members,
  NEAR,
  warm,
  type Member,
} from './support/members.js';

jest.setTimeout(60_000);

describeReal('what is answered while its client closes', () => {
  let server: RealMemcached;
  let way: FaultProxy;
  const members = new Members();

  beforeEach(async () => {
    server = await startMemcached();
    way = await FaultProxy.start(server);
    await markLongAgo(server.address);
  });
  afterEach(async () => {
    await members.close();
    await way.close();
    await server.stop();
  });

  const CHANGES: Record<string, (writer: Member) => Promise<unknown>> = {
    set: ({ cache }) => cache.set('k', 'new', { guardSet: false }),
    update: ({ cache }) => cache.update('k', () => 'new'),
    invalidate: ({ cache }) => cache.invalidate('k'),
  };

  /** The answer to a change, and all that comes behind it. */
  function fromItsAnswer(): Fault {
    let isHeld = false;
    return (bytes, link) => {
      isHeld ||= /^(?:HD|STORED|DELETED)/m.test(bytes.toString('latin1'));
      (isHeld ? stall : pass)(bytes, link);
    };
  }

  describe.each(['meta', 'classic'] as const)('%s dialect', (protocol) => {
    it.each(Object.keys(CHANGES))('is told near caches: %s', async (name) => {
      const reader = members.start(server.address, NEAR, { protocol });
      const writer = members.start(way.address, {}, { protocol });
      await writer.client.connect();
      await warm(reader, 'k', 'old');
      way.inject(fromItsAnswer());
      const changed = CHANGES[name](writer);
      await using raw = new MemcachedClient({ servers: server.address, keyPrefix: KEY_PREFIX });
      while ((await raw.get('k')) === 'old') await wait(1);
      await writer.cache.close();
      const closed = writer.client.close();
      way.heal();
      await changed;
      await expectDropped(reader, 'k', performance.now());
      await closed;
    });
  });

  it.each(['invalidate', 'update'])('is told on the bus, before the goodbye: %s', async (name) => {
    const broker = new LocalBroker(systemClock);
    const reader = members.start(server.address, onBus(broker));
    const writer = new MemcachedService({
      servers: way.address,
      keyPrefix: KEY_PREFIX,
      cache: onBus(broker),
    });
    await writer.connect();
    while (reader.cache.near?.bus?.processes !== 1 || !reader.cache.near.bus.trusted) await wait(10);
    await warm(reader, 'k', 'old');
    way.inject(fromItsAnswer());
    const changed = name === 'update' ? writer.update('k', () => 'new') : writer.invalidate('k');
    await using raw = new MemcachedClient({ servers: server.address, keyPrefix: KEY_PREFIX });
    while ((await raw.get('k')) === 'old') await wait(1);
    const closing = jest.spyOn(writer.client, 'close');
    const closed = writer.close();
    while (closing.mock.calls.length === 0) await wait(1);
    way.heal();
    await changed;
    await expectDropped(reader, 'k', performance.now());
    await closed;
    const heard = (): NearBusReport => reader.cache.near!.bus!;
    while (heard().processes !== 0) await wait(1);
    expect(heard().trusted).toBe(true);
  });

  it('is bumped once more where nobody knows whether it was done', async () => {
    const reader = members.start(server.address, NEAR);
    await using late = await LateRelay.before(server.port);
    const writer = new MemcachedService({ servers: late.address, keyPrefix: KEY_PREFIX });
    await warm(reader, 'k', 'old');
    const held = late.hold((bytes) => /^ms app:k /m.test(bytes));
    const given = writer.update('k', () => 'new');
    await held;
    late.reset();
    await expect(given).rejects.toThrow(ConnectionError);
    const closed = writer.close();
    // The first bump was in vain: the old value is kept again.
    const kept = reader.cache.near!.admitted;
    for (; reader.cache.near!.admitted === kept; await wait(5)) await warm(reader, 'k', 'old');
    await late.deliver();
    await closed;
    await expectDropped(reader, 'k', performance.now());
  });

  it('is told near caches where it was owed', async () => {
    const reader = members.start(server.address, NEAR);
    const writer = members.start(way.address);
    await writer.client.connect();
    await warm(reader, 'k', 'old');
    await way.down();
    await writer.cache.invalidate('k');
    await way.up();
    await writer.cache.close();
    await writer.client.close();
    expect(writer.client.topology()[0].owed).toBe(0);
    await expectDropped(reader, 'k', performance.now());
  });

  it('does not resolve where near caches cannot be told any more', async () => {
    const reader = members.start(server.address, NEAR);
    const writer = members.start(way.address, {}, { drainTimeout: '100ms' });
    await writer.client.connect();
    await warm(reader, 'k', 'old');
    let answers = 0;
    way.inject((bytes, link) => (answers++ === 0 ? link.toClient(bytes) : link.hold(bytes)));
    const changed = writer.cache.set('k', 'new', { guardSet: false });
    while (answers < 2) await wait(1);
    await writer.client.close();
    await expect(changed).rejects.toThrow('closed');
  });
});
