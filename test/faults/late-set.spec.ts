import { expect, it } from '@jest/globals';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { LateRelay } from '../support/late-relay.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

/** Which of the bytes of a `set` are held up. */
const HELD = {
  'from its first byte on': () => true,
  'where it stores': (bytes: string) => /^(?:ms|cas|set) k /m.test(bytes),
};

describeReal('a set that was given up, and whose bytes arrive after an invalidation', () => {
  for (const protocol of ['auto', 'classic'] as const) {
    for (const [where, holds] of Object.entries(HELD)) {
      for (const there of ['over a value', 'where nothing is']) {
        it(`stores nothing (${protocol}, held up ${where}, ${there})`, async () => {
          await using server = await startMemcached();
          await using relay = await LateRelay.before(server.port);
          await using writer = new MemcachedService({
            servers: relay.address,
            protocol,
            commandTimeout: '100ms',
            connectTimeout: '10s',
          });
          await using other = new MemcachedService({ servers: server.address, protocol });
          await writer.connect();
          if (there === 'over a value') await other.set('k', 'first');
          const held = relay.hold(holds);
          const given = writer.setMany({ k: 'older' });
          await held;
          await expect(given).resolves.toEqual(new Map([['k', false]]));
          await other.invalidate('k');
          await relay.deliver();
          await expect(other.get('k')).resolves.toBeUndefined();
        });
      }
    }
  }
});

describeReal('a `set`', () => {
  it.each(['auto', 'classic'] as const)(
    'of one turn after another leaves the last (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using cache = new MemcachedService({ servers: server.address, protocol });
      const values = Array.from({ length: 12 }, (_, index) => index);
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      await Promise.all(values.flatMap((value) => keys.map((key) => cache.set(key, value))));
      await expect(cache.getMany(keys)).resolves.toEqual(new Map(keys.map((key) => [key, 11])));
    },
  );

  it.each(['auto', 'classic'] as const)(
    'during which the key is invalidated stores nothing (%s)',
    async (protocol) => {
      await using server = await startMemcached();
      await using cache = new MemcachedService({ servers: server.address, protocol });
      await cache.set('k', 'first');
      const set = cache.set('k', 'older');
      await cache.invalidate('k');
      await set;
      await expect(cache.get('k')).resolves.toBeUndefined();
    },
  );
});
