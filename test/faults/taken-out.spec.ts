import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import type { ServerOptions } from '../../lib/options/server-options.js';
import { AnsweringServer } from '../support/answering-server.js';

const KEYS = Array.from({ length: 50 }, (_, index) => `key:${index}`);

describe('what is in flight to a server that is taken out of the list', () => {
  /** What the first server keeps silent about. */
  let silent: (line: string, connection: number) => boolean;
  let first: AnsweringServer;
  let second: AnsweringServer;
  const clients: MemcachedClient[] = [];

  const connect = (options: MemcachedClientOptions = {}): MemcachedClient => {
    const servers = [first.address, second.address];
    const client = new MemcachedClient({ servers, commandTimeout: '10s', drainTimeout: '10s', ...options });
    clients.push(client);
    return client;
  };
  const keyOfFirst = (client: MemcachedClient): string =>
    KEYS.find((key) => client.serverFor(key) === first.address)!;

  beforeEach(async () => {
    silent = () => false;
    first = await AnsweringServer.start((line, connection) => (silent(line, connection) ? '' : undefined));
    second = await AnsweringServer.start();
  });
  afterEach(async () => {
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  it.each(['error', 'miss', 'next'] as const)(
    'is owed where it is an invalidation, and delivered before its key is read there again (failover %s)',
    async (failover) => {
      const client = connect({ failover });
      const key = keyOfFirst(client);
      silent = (line) => line.startsWith('md ');
      const told = client.invalidateKey(key);
      await first.hears(`md ${key}`);
      client.setServers(second.address);
      silent = () => false;
      first.reset();
      expect(await told).toBe(failover === 'next');
      expect(second.heard.flat().filter((line) => line === `md ${key}`)).toHaveLength(
        failover === 'next' ? 1 : 0,
      );
      client.setServers([first.address, second.address]);
      expect(await client.get(key)).toBeUndefined();
      expect(first.about(key, 1)).toStrictEqual([`md ${key}`, `mg ${key}`]);
    },
  );

  it.each<[string, ServerOptions, ServerOptions]>([
    ['password', { username: 'u', password: 'old' }, { username: 'u', password: 'new' }],
    ['way', {}, { username: 'u', password: 'new' }],
  ])('is owed and delivered by itself where the server has got another %s', async (_what, before, after) => {
    const at = { host: '127.0.0.1', port: first.port };
    const client = connect({ servers: [{ ...at, ...before }] });
    silent = (line, connection) => connection === 0 && line.startsWith('md ');
    const told = client.invalidateKey('k');
    await first.hears('md k');
    client.setServers([{ ...at, ...after }]);
    await client.get('other');
    first.reset();
    expect(await told).toBe(false);
    await first.hears('md k', 1);
    while (client.topology()[0].owed > 0) await new Promise(setImmediate);
  });

  it('goes ahead of what is read over the next connection where it was owed before', async () => {
    const client = connect();
    const key = keyOfFirst(client);
    silent = (line, connection) => {
      if (!line.startsWith('md ')) return false;
      if (connection === 0) first.reset();
      return connection < 2;
    };
    expect(await client.invalidateKey(key)).toBe(false);
    await first.hears(`md ${key}`, 1);
    client.setServers(second.address);
    client.setServers([first.address, second.address]);
    expect(await client.get(key)).toBeUndefined();
    expect(first.about(key, 2)).toStrictEqual([`md ${key}`, `mg ${key}`]);
    while (client.topology().some(({ owed }) => owed > 0)) await new Promise(setImmediate);
    // Whether the earlier one arrived, and when, is not known: it is delivered once more.
    first.reset(1);
    while (first.about(key, 2).length < 3) await new Promise(setImmediate);
    expect(first.about(key, 2)[2]).toBe(`md ${key}`);
  });

  it('is a miss under failover miss, and read from the server that has the key now under next', async () => {
    for (const failover of ['miss', 'next'] as const) {
      const connection = first.heard.length;
      const client = connect({ failover });
      const key = keyOfFirst(client);
      silent = (line) => line.startsWith('mg ');
      const read = client.get(key);
      await first.hears(`mg ${key}`, connection);
      client.setServers(second.address);
      first.reset(connection);
      expect(await read).toBeUndefined();
      expect(second.heard.flat().includes(`mg ${key}`)).toBe(failover === 'next');
    }
  });

  it('fails as lost where nobody waits for it', async () => {
    const client = connect({ drainTimeout: 0 });
    const key = keyOfFirst(client);
    silent = (line) => line.startsWith('ma ');
    const written = client.incr(key).catch((error: unknown) => error);
    await first.hears(`ma ${key}`);
    client.setServers(second.address);
    expect(await written).toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      server: first.address,
      outcome: 'unknown',
      message: expect.stringMatching(/^incr "key:\d+": 127\.0\.0\.1:\d+ has left the list of servers/),
    });
  });

  it('fails as not sent where its connection never came to be', async () => {
    const client = connect({ drainTimeout: 0 });
    const key = keyOfFirst(client);
    silent = () => true;
    const waiting = client.incr(key).catch((error: unknown) => error);
    await first.hears('version');
    client.setServers(second.address);
    expect(await waiting).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'not-sent' });
  });

  it('fails by the end of the client where that closes meanwhile', async () => {
    const client = connect({ drainTimeout: '100ms' });
    const key = keyOfFirst(client);
    silent = (line) => line.startsWith('mg ');
    const read = client.get(key).catch((error: unknown) => error);
    await first.hears(`mg ${key}`);
    client.setServers(second.address);
    await client.close();
    expect(await read).toMatchObject({ code: 'MEMCACHED_CLOSED', outcome: 'unknown' });
  });
});
