import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { MemcachedClient } from '../../lib/client/client.js';
import type { NodeEvent } from '../../lib/client/events.js';
import type { StoreOptions } from '../../lib/client/command-options.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

const KEYS = Array.from({ length: 200 }, (_, index) => `key:${index}`);

/** Addresses at which nobody is asked. */
const away = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.9.${index >> 8}.${index & 255}:11211`);

describeReal('a cluster of three servers', () => {
  let servers: RealMemcached[];
  let addresses: string[];
  const clients: MemcachedClient[] = [];

  const connect = (options: MemcachedClientOptions = {}): MemcachedClient => {
    const client = new MemcachedClient({ servers: addresses, commandTimeout: '250ms', ...options });
    clients.push(client);
    return client;
  };
  const keyOn = (client: MemcachedClient, server: number): string =>
    KEYS.find((key) => client.serverFor(key) === addresses[server])!;
  const until = async (client: MemcachedClient, state: NodeEvent['state']): Promise<NodeEvent> => {
    for (;;) {
      const [event] = await once(client, 'node');
      if (event.state === state) return event;
    }
  };

  beforeEach(async () => {
    servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
    addresses = servers.map((server) => server.address);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('puts every key where serverFor says', async () => {
    const client = connect();
    await client.setMany(KEYS.map((key) => [key, key]));
    for (const [index, address] of addresses.entries()) {
      const alone = connect({ servers: address });
      const there = await alone.getMany(KEYS);
      expect([...there.keys()].every((key) => client.serverFor(key) === addresses[index])).toBe(true);
      expect(there.size).toBeGreaterThan(20);
    }
  });

  it('connects once to each server, however many commands come first', async () => {
    const client = connect({ commandTimeout: '5s' });
    await Promise.all(Array.from({ length: 1000 }, (_, index) => client.get(`k${index}`)));
    for (const stats of (await client.stats()).values()) {
      // memcached counts its own listening descriptors and the launcher's hand shake as well, never a thousand.
      expect(stats.total_connections).toBeLessThan(6);
    }
  });

  it('tells how long each server takes', async () => {
    const client = connect();
    expect(client.topology()[0]).not.toHaveProperty('latency');
    for (let round = 0; round < 10; round += 1) await client.getMany(KEYS);
    for (const { latency, owed } of client.topology()) {
      expect(owed).toBe(0);
      expect(latency!.count).toBeGreaterThanOrEqual(10);
      expect(latency!.p50).toBeGreaterThan(0);
      expect(latency!.p50).toBeLessThanOrEqual(latency!.p99);
      expect(latency!.p99).toBeLessThanOrEqual(latency!.max * 1.001);
    }
  });

  it('tells early which server cannot be reached', async () => {
    await servers[1].stop();
    await expect(connect().connect()).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      server: addresses[1],
    });
  });

  it('tells a server that does not answer from one that cannot be reached', async () => {
    const client = connect();
    const key = keyOn(client, 0);
    await client.connect();
    const suspect = until(client, 'suspect');
    await servers[0].pause();
    await expect(client.get(key)).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    expect(await suspect).toMatchObject({ error: { code: 'MEMCACHED_TIMEOUT' } });
    await expect(client.get(key)).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
      cause: { code: 'MEMCACHED_TIMEOUT' },
    });
  });

  describe('with one server gone', () => {
    it('rejects its keys with a typed error and serves the others (failover error)', async () => {
      const client = connect();
      await client.setMany(KEYS.map((key) => [key, key]));
      await servers[0].stop();
      const gone = keyOn(client, 0);
      await expect(client.get(gone)).rejects.toMatchObject({
        code: 'MEMCACHED_CONNECTION',
        server: addresses[0],
      });
      await expect(client.set(gone, 1)).rejects.toMatchObject({ outcome: 'not-sent' });
      expect(await client.get(keyOn(client, 1))).toBe(keyOn(client, 1));
    });

    it('gives the hits of the others from a many-key read, and names the failure', async () => {
      const client = connect();
      await client.setMany(KEYS.map((key) => [key, key]));
      await servers[0].stop();
      const read = await client.getMany(KEYS);
      const lost = KEYS.filter((key) => client.serverFor(key) === addresses[0]);
      expect(read.size).toBe(KEYS.length - lost.length);
      expect(read.failures).toMatchObject([{ server: addresses[0], keys: lost }]);
    });

    it('misses and drops its keys (failover miss)', async () => {
      const client = connect({ failover: 'miss' });
      await servers[0].stop();
      const gone = keyOn(client, 0);
      expect(await client.set(gone, 1)).toBe(false);
      expect(await client.get(gone)).toBeUndefined();
      expect(await client.incr(gone)).toBeUndefined();
      expect(await client.cas(gone, 1, '1')).toBe('not-found');
      expect((await client.getMany(KEYS)).failures).toStrictEqual([]);
    });

    it('sends its keys to the next server (failover next)', async () => {
      const client = connect({ failover: 'next' });
      const gone = keyOn(client, 0);
      await servers[0].stop();
      expect(await client.set(gone, 'elsewhere')).toBe(true);
      expect(await client.get(gone)).toBe('elsewhere');
      const next = client.serverFor(gone, { down: [addresses[0]] });
      expect(next).not.toBe(addresses[0]);
      expect(await connect({ servers: next }).get(gone)).toBe('elsewhere');
    });

    it('uses it again once it is back, and tells both changes', async () => {
      const client = connect();
      await client.connect();
      const down = until(client, 'down');
      await servers[0].stop();
      await client.get(keyOn(client, 0)).catch(() => {});
      expect(await down).toMatchObject({ server: addresses[0], error: { code: 'MEMCACHED_CONNECTION' } });
      expect(client.topology()[0]).toMatchObject({ server: addresses[0], state: 'down', weight: 1 });
      const up = until(client, 'up');
      servers[0] = await startMemcached({ port: servers[0].port });
      await up;
      expect(await client.set(keyOn(client, 0), 'back')).toBe(true);
      expect(client.topology()[0].state).toBe('up');
    });
  });

  describe('invalidations', () => {
    it('reach a paused server before it is read from again', async () => {
      const client = connect();
      const key = keyOn(client, 0);
      const soft = KEYS.findLast((candidate) => client.serverFor(candidate) === addresses[0])!;
      const options: StoreOptions = { ttl: '1h' };
      await client.set(key, 'old', options);
      await client.set(soft, 'old', options);
      await servers[0].pause();
      expect(await client.invalidateKey(key)).toBe(false);
      expect(await client.invalidateKey(soft, { stale: '1m' })).toBe(false);
      const up = until(client, 'up');
      servers[0].kill('SIGCONT');
      await up;
      expect(await client.get(key)).toBeUndefined();
      expect(await client.leaseGet(soft, { leaseSeconds: 0 })).toMatchObject({ value: 'old', stale: true });
    });

    it('are never thrown at the caller while the server is gone', async () => {
      const client = connect();
      const key = keyOn(client, 0);
      await client.connect();
      await servers[0].stop();
      expect(await client.invalidateKey(key)).toBe(false);
      await expect(client.delete(key)).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION' });
    });

    it('are all made up for when there were too many to remember, and nothing else is dropped', async () => {
      const client = connect({ maxOwedDeletes: 2 });
      const mine = KEYS.filter((key) => client.serverFor(key) === addresses[0]);
      await client.setMany(mine.map((key) => [key, 'old']));
      await servers[0].pause();
      const gone = mine.slice(0, 9);
      await Promise.all(gone.map((key) => client.invalidateKey(key)));
      expect(client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
      const up = until(client, 'up');
      servers[0].kill('SIGCONT');
      await up;
      expect((await client.getMany(mine)).size).toBe(mine.length - gone.length);
      const other = connect();
      while (client.topology()[0].owed > 0) await client.get(gone[0]);
      expect((await other.getMany(mine)).size).toBe(mine.length - gone.length);
    });
  });

  describe('setServers', () => {
    it('moves only the keys of the server that leaves, and finishes what is in flight there', async () => {
      const client = connect();
      await client.setMany(KEYS.map((key) => [key, key]));
      const before = new Map(KEYS.map((key) => [key, client.serverFor(key)]));
      const inFlight = Promise.all(KEYS.map((key) => client.get(key)));
      const told = once(client, 'servers');
      client.setServers(addresses.slice(0, 2));
      expect(await told).toStrictEqual([{ added: [], removed: [addresses[2]] }]);
      expect(await inFlight).toStrictEqual(KEYS);
      const moved = KEYS.filter((key) => client.serverFor(key) !== before.get(key));
      expect(moved.length).toBeGreaterThan(0);
      expect(moved.every((key) => before.get(key) === addresses[2])).toBe(true);
    });

    it('keeps the connection of a server whose weight changes', async () => {
      const client = connect();
      await client.connect();
      client.setServers(addresses.map((address, index) => `${address}=${index + 1}`));
      await Promise.all(KEYS.map((key) => client.set(key, 1)));
      const [stats] = (await client.stats()).values();
      expect(stats.total_connections).toBeLessThan(6);
    });

    it('refuses a wrong list and keeps the present one', async () => {
      const client = connect();
      expect(() => client.setServers(['nonsense:port:x'])).toThrow(/servers\[0\]/);
      expect(await client.set('still', 'here')).toBe(true);
    });

    it('prepares a long list over several turns, while the present one serves', async () => {
      const client = connect();
      const told = once(client, 'servers');
      let turns = 0;
      let over = false;
      const count = (): void => {
        turns += 1;
        if (!over) setImmediate(count);
      };
      client.setServers([...addresses, ...away(997)]);
      count();
      expect(client.topology()).toHaveLength(3);
      expect(await client.set('meanwhile', 1)).toBe(true);
      await told;
      over = true;
      expect(turns).toBeGreaterThanOrEqual(10);
      expect(client.topology()).toHaveLength(1000);
      expect(client.serverFor('key')).toBe(
        connect({ servers: [...addresses, ...away(997)] }).serverFor('key'),
      );
    });

    it('puts a list of up to fifty servers in place at once', async () => {
      const client = connect();
      client.setServers(away(50));
      expect(client.topology()).toHaveLength(50);
      client.setServers(away(51));
      expect(client.topology()).toHaveLength(50);
      await once(client, 'servers');
      expect(client.topology()).toHaveLength(51);
    });

    it('puts the last of several lists in place, however long they are', async () => {
      const client = connect();
      const [first, second] = [away(300), away(500)];
      client.setServers(first);
      client.setServers(second);
      client.setServers(addresses.slice(0, 2));
      expect(client.topology()).toHaveLength(2);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(client.topology()).toHaveLength(2);
      client.setServers(first);
      client.setServers(second);
      await once(client, 'servers');
      expect(client.topology()).toHaveLength(500);
    });

    it('forgets a long list when the client is closed meanwhile', async () => {
      const client = connect();
      client.setServers(away(1000));
      await client.close();
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(client.topology()).toHaveLength(3);
    });
  });

  describe('discovery', () => {
    it('finds servers by a function, and follows its changes', async () => {
      let list = addresses.slice(0, 1);
      const client = connect({
        servers: undefined,
        discovery: { type: 'function', find: () => list, interval: '1s' },
      });
      expect(await client.set('key', 1)).toBe(true);
      expect(client.topology()).toHaveLength(1);
      list = addresses;
      await once(client, 'servers');
      expect(client.topology().map(({ server }) => server)).toStrictEqual(addresses);
    });

    it('keeps the last list when an attempt fails, and says so', async () => {
      let fails = false;
      const find = (): string[] => {
        if (fails) throw new Error('registry is away');
        return addresses;
      };
      const client = connect({ servers: undefined, discovery: { type: 'function', find, interval: '1s' } });
      await client.set('key', 1);
      fails = true;
      expect(await once(client, 'discoveryFailed')).toMatchObject([{ message: 'registry is away' }]);
      expect(await client.get('key')).toBe(1);
    });

    it('asks a configuration endpoint, here a memcached that holds the list as a value', async () => {
      const [host, port] = addresses[1].split(':');
      const endpoint = connect({ servers: addresses[0] });
      await endpoint.set('AmazonElastiCache:cluster', `12\n${host}|${host}|${port}\n`);
      const client = connect({
        servers: undefined,
        discovery: { type: 'elasticache', endpoint: addresses[0], interval: '1s' },
      });
      await client.set('key', 1);
      expect(client.topology().map(({ server }) => server)).toStrictEqual([addresses[1]]);
    });

    it('resolves a name to all its addresses', async () => {
      const client = connect({
        servers: undefined,
        discovery: { type: 'dns', name: 'localhost', port: servers[0].port },
      });
      await client.connect().catch(() => {});
      expect(client.topology().map(({ server }) => server)).toContain(`127.0.0.1:${servers[0].port}`);
    });
  });
});
