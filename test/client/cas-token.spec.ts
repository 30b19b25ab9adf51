import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CasToken } from '../../lib/client/results.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { ScriptedServer } from '../support/scripted-server.js';

let server: MemcachedServer;
let client: MemcachedClient;

beforeEach(async () => {
  server = await MemcachedServer.start();
  client = new MemcachedClient({ servers: server.address });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

/** Stores a value and returns its token. */
async function stored(key: string, value: unknown, by = client): Promise<CasToken> {
  await by.set(key, value);
  return (await by.gets(key))!.cas;
}

/** Everything that can be done by a token fails as if the item had changed. */
async function expectLost(key: string, cas: CasToken): Promise<void> {
  expect(await client.cas(key, 'new', cas)).toBe('exists');
  expect(await client.delete(key, { cas })).toBe(false);
  expect(await client.invalidateKey(key, { cas })).toBe(false);
  expect(await client.invalidateKey(key, { cas, stale: '1m' })).toBe(false);
}

describe('a cas token', () => {
  it('is the same for every read of the item, by every client of its server', async () => {
    const cas = await stored('k', 1);
    await using other = new MemcachedClient({ servers: server.address });
    expect((await other.gets('k'))?.cas).toBe(cas);
    expect((await other.getsMany(['k'])).get('k')?.cas).toBe(cas);
    expect(await other.lookup('k')).toMatchObject({ cas });
    expect(await other.leaseGet('k', { leaseSeconds: 1 })).toMatchObject({ cas });
  });

  it('survives the loss of the connection', async () => {
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    await using far = new MemcachedClient({ servers: proxy.address });
    const cas = await stored('k', 1, far);
    const { connections } = proxy;
    proxy.cutAll();
    await far.get('other');
    expect(await far.cas('k', 2, cas)).toBe('stored');
    expect(proxy.connections).toBe(connections + 1);
    await proxy.close();
  });

  it.each(['meta', 'classic'] as const)(
    'means nothing after a restart, though the same digits name another item (%s)',
    async (protocol) => {
      await client.close();
      client = new MemcachedClient({ servers: server.address, protocol });
      const cas = await stored('k', 'old');
      const { port } = server;
      await server.close();
      server = await MemcachedServer.start({ port });
      await client.get('other');
      const now = await stored('k', 'other');
      expect(now.split('@')[0]).toBe(cas.split('@')[0]);
      await expectLost('k', cas);
      expect(await client.get('k')).toBe('other');
      expect(await client.cas('k', 'new', now)).toBe('stored');
    },
  );

  it('means nothing after a restart for a write that was queued while the server was away', async () => {
    const cas = await stored('k', 'old');
    const { port } = server;
    await server.close();
    server = await MemcachedServer.start({ port });
    await using second = new MemcachedClient({ servers: server.address });
    await second.set('k', 'other');
    // The client has not noticed yet, or is opening its next connection.
    const result = await client.cas('k', 'new', cas).catch(() => 'failed');
    expect(result).not.toBe('stored');
    expect(await second.get('k')).toBe('other');
  });

  it('means nothing on another server that the key has come to', async () => {
    const cas = await stored('k', 'old');
    await using other = await MemcachedServer.start();
    client.setServers(other.address);
    const now = await stored('k', 'other');
    expect(now.split('@')[0]).toBe(cas.split('@')[0]);
    await expectLost('k', cas);
    client.setServers(server.address);
    expect(await client.cas('k', 'new', cas)).toBe('stored');
  });

  it.each([
    ['next', 'exists'],
    ['miss', 'not-found'],
  ] as const)('means nothing to a server that stands in: failover %s', async (failover, result) => {
    await using other = await MemcachedServer.start();
    const options: MemcachedClientOptions = { servers: [server.address, other.address], failover };
    await using pair = new MemcachedClient(options);
    let key = 'k';
    while (pair.serverFor(key) !== server.address) key += 'k';
    const cas = await stored(key, 'old', pair);
    await using direct = new MemcachedClient({ servers: other.address });
    await direct.set(key, 'other');
    await server.close();
    await pair.get(key);
    expect(await pair.cas(key, 'new', cas)).toBe(result);
    expect(await direct.get(key)).toBe('other');
  });

  it('of digits alone, from another client, is compared by the server', async () => {
    const [digits] = (await stored('k', 1)).split('@');
    expect(await client.cas('k', 2, digits)).toBe('stored');
    expect(await client.cas('k', 3, digits)).toBe('exists');
  });

  it.each(['', 'x', '1@', '1@short', '1 2', '1\r\n', 12 as never])('is never %j', async (cas) => {
    await expect(client.cas('k', 1, cas)).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_ARGUMENT' });
  });
});

describe('a cas token of a server without statistics', () => {
  it('ends with its connection', async () => {
    let stores = 0;
    await using peers = await ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      let ending = '';
      await peer.answer((line) => {
        if (line.startsWith('mg ')) return `VA 1 f16 c7 ${line.split(' ').at(-1)}\r\nx\r\n`;
        if (!line.startsWith('ms ')) return `HD ${ending}\r\n`;
        stores += 1;
        ending = line.split(' ').at(-1)!;
        return '';
      });
    });
    await using far = new MemcachedClient({ servers: peers.address });
    const { cas } = (await far.gets('k'))!;
    expect(await far.cas('k', 'y', cas)).toBe('stored');
    peers.peers[0].hangUp();
    await far.gets('k');
    expect(peers.peers).toHaveLength(2);
    expect(await far.cas('k', 'y', cas)).toBe('exists');
    expect(stores).toBe(1);
  });
});

describeReal('a cas token of a real memcached', () => {
  it('is the same on every connection, and none after a restart', async () => {
    const real = await startMemcached();
    await using first = new MemcachedClient({ servers: real.address });
    await using second = new MemcachedClient({ servers: real.address });
    const cas = await stored('k', 1, first);
    expect((await second.gets('k'))?.cas).toBe(cas);
    await real.stop();
    const again = await startMemcached({ port: real.port });
    await second.get('other');
    const now = await stored('k', 1, second);
    expect(now.split('@')[0]).toBe(cas.split('@')[0]);
    expect(await second.cas('k', 2, cas)).toBe('exists');
    expect(await second.cas('k', 2, now)).toBe('stored');
    await again.stop();
  });
});
