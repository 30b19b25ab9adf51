import { expect, it } from '@jest/globals';
import { InstanceWatch } from '../../../lib/dashboard/instance-watch.js';
import { MemcachedService } from '../../../lib/index.js';
import { startTwemproxy } from '../../../scripts/twemproxy.mjs';
import { startMemcached } from '../../support/real-memcached.js';
import { describeTwemproxy } from '../../support/twemproxy.js';

describeTwemproxy('what is seen of a proxy', () => {
  it('is that it is there and tells nothing of itself, and nobody is disturbed by the question', async () => {
    await using server = await startMemcached();
    const proxy = await startTwemproxy([server.address]);
    try {
      await using memcached = new MemcachedService({ servers: proxy.address });
      const watch = new InstanceWatch('default', memcached, 60_000);
      const used = Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          memcached.getOrSet(`key:${index}`, () => index, { ttl: '1m' }),
        ),
      );
      const looks = [await watch.look(), await watch.look(), await watch.look()];
      expect(await used).toHaveLength(200);
      for (const { servers } of looks) {
        expect(servers).toMatchObject([
          {
            server: proxy.address,
            state: 'up',
            note: expect.stringContaining('is a proxy that passes no such command on'),
          },
        ]);
        expect(servers[0].problem).toBeUndefined();
      }
      expect(memcached.counters.storeError).toBe(0);
      expect(watch.history).toHaveLength(3);
    } finally {
      await proxy.stop();
    }
  });
});
