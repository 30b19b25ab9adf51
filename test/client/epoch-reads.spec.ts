import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { Reply } from '../../lib/protocol/reply.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';

const SHARDS = Array.from({ length: 256 }, (_, shard) => shard);

describe('a read of all epochs of a server', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([0, 7])(
    'looks for the key of each answer where it is to be expected, %i missing',
    async (missing) => {
      await using server = await MemcachedServer.start();
      await using client = new MemcachedClient({ servers: server.address });
      await client.connect();
      const { epochs } = new ClientStore(client);
      await Promise.all(SHARDS.slice(missing).map((shard) => epochs.addEpoch(server.address, shard)));
      const names = jest.spyOn(Reply.prototype, 'names');

      const reading = await epochs.readEpochs(server.address, SHARDS);

      expect(reading.epochs.filter((name) => name === undefined)).toHaveLength(missing);
      // Three times for each, and once more for each that is missing: not for each and every other one.
      expect(names.mock.calls.length).toBeLessThan(SHARDS.length * (missing + 4));
    },
  );
});
