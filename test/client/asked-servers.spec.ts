import { describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** Where nobody listens. */
const NOBODY = '127.0.0.1:1';

describe.each(['error', 'miss', 'next'] as const)(
  'what is asked of each server while one is away, failover %s',
  (failover) => {
    it.each<
      [string, (client: MemcachedClient) => ReturnType<MemcachedClient['version' | 'stats' | 'flushAll']>]
    >([
      ['its version', (client) => client.version()],
      ['its statistics', (client) => client.stats()],
      ['its settings', (client) => client.stats('settings')],
      ['its items', (client) => client.stats('items')],
      ['to drop everything', (client) => client.flushAll()],
    ])('%s: it is told that it is away, and the others answer', async (_what, ask) => {
      await using server = await MemcachedServer.start();
      await using client = new MemcachedClient({ servers: [NOBODY, server.address], failover });
      for (let round = 0; round < 2; round += 1) {
        const answers = await ask(client);
        expect([...answers.keys()]).toEqual([server.address]);
        expect(answers.failures).toMatchObject([
          { server: NOBODY, keys: [], error: { code: 'MEMCACHED_CONNECTION', server: NOBODY } },
        ]);
      }
    });

    it('epochs of it are not taken for missing', async () => {
      await using client = new MemcachedClient({ servers: NOBODY, failover });
      for (const ask of [
        () => client.epochs.read(NOBODY, [1, 2]),
        () => client.epochs.addEpoch(NOBODY, 1, 'epoch'),
        () => client.epochs.addMark(NOBODY, 'mark', 60),
        () => client.epochs.keepMark(NOBODY, 60),
      ]) {
        await expect(ask()).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION' });
      }
    });
  },
);
