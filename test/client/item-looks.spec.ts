import { describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedServer } from '../../lib/testing/index.js';

describe('a look at an item', () => {
  it('tells the time left as a lookup does', async () => {
    await using server = await MemcachedServer.start();
    await using client = new MemcachedClient({ servers: server.address });
    await client.set('hour', 1, { ttl: '1h' });
    await client.set('ever', 1);
    expect(await client.looks.at(server.address, 'hour')).toMatchObject({
      there: true,
      ttl: 3_600_000,
      lastAccessSeconds: 0,
    });
    expect(await client.looks.at(server.address, 'ever')).toMatchObject({
      ttl: undefined,
      lastAccessSeconds: 0,
    });
  });

  it('knows nothing of it in the classic dialect', async () => {
    await using server = await MemcachedServer.start();
    await using client = new MemcachedClient({ servers: server.address, protocol: 'classic' });
    await client.set('hour', 1, { ttl: '1h' });
    expect(await client.looks.at(server.address, 'hour')).toStrictEqual({
      there: true,
      size: 1,
      flags: expect.any(Number),
      note: undefined,
    });
  });
});

describe('looks at a list of servers', () => {
  it('tell the weights that were given, whatever the distribution makes of them', async () => {
    await using client = new MemcachedClient({ servers: '10.0.0.1=1,10.0.0.2=9', distribution: 'memjs' });
    expect(client.topology().map(({ weight }) => weight)).toEqual([1, 1]);
    expect(client.looks.servers.map(({ weight }) => weight)).toEqual([1, 9]);
  });
});
