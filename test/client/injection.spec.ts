import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { attacksOnClient, run } from '../support/injections.js';

const all = attacksOnClient()();

describe.each<[string, MemcachedClientOptions]>([
  ['meta', { protocol: 'meta' }],
  ['classic', { protocol: 'classic' }],
])('no argument of any public method sends a command of its own, %s', (_dialect, options) => {
  let server: MemcachedServer;
  let client: MemcachedClient;
  let witness: MemcachedClient;
  const methods = [...new Set(all.map(({ method }) => method))].filter((method) => method !== 'setServers');

  beforeAll(async () => {
    server = await MemcachedServer.start();
    client = new MemcachedClient({ servers: server.address, ...options });
    witness = new MemcachedClient({ servers: server.address });
    await client.connect();
  });
  afterAll(async () => {
    await Promise.all([client.close(), witness.close()]);
    await server.close();
  });

  it('knows the methods from their declarations', () => {
    expect(methods).toEqual(expect.arrayContaining(['get', 'setMany', 'leaseGet', 'incr', 'stats', 'keys']));
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['leaseGet options.leaseSeconds', 'set options.codec', 'cas cas', 'touch ttl']),
    );
  });

  it.each(methods)('%s', async (method) => {
    for (const attack of all.filter((candidate) => candidate.method === method)) {
      const outcome = await run(client, attack);
      const injected = await witness.get('injected');
      expect([attack.name, injected]).toEqual([attack.name, undefined]);
      // Only what answers at once, with no promise, may throw at once.
      if (!['serverFor', 'topology', 'hasCas', 'storeClasses'].includes(method))
        expect([attack.name, outcome]).toEqual([attack.name, 'settled']);
      await client.set('k', 'v');
    }
    expect(client.topology()).toMatchObject([{ state: 'up' }]);
  });
});
