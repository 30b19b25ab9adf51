import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { CacheProbe } from '../../lib/testing/index.js';

const KEYS = Array.from({ length: 200 }, (_, index) => `key:${index}`);

describe.each(['meta', 'classic'] as const)(
  'a server that stands in for another, failover next, %s',
  (protocol) => {
    let probe: CacheProbe;
    let client: MemcachedClient;
    const clients: MemcachedClient[] = [];

    const connect = (options: MemcachedClientOptions = {}): MemcachedClient => {
      const made = new MemcachedClient({
        servers: probe.addresses,
        failover: 'next',
        protocol,
        failuresToDown: 1,
        reconnectDelay: { min: '10ms', max: '10ms' },
        ...options,
      });
      clients.push(made);
      return made;
    };
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const stateOf = (server: number): string => client.topology()[server].state;
    /** A key of the first server, which the second takes while that is away. */
    const key = (): string =>
      KEYS.find(
        (each) =>
          client.serverFor(each) === probe.addresses[0] &&
          client.serverFor(each, { down: [probe.addresses[0]] }) === probe.addresses[1],
      )!;
    const goes = async (server: number): Promise<void> => {
      await probe.servers[server].down();
      const known = KEYS.find((each) => client.serverFor(each) === probe.addresses[server])!;
      await client.get(known).catch(() => undefined);
      await until(() => stateOf(server) !== 'up');
    };
    const comesBack = async (server: number): Promise<void> => {
      await probe.servers[server].heal();
      await until(() => stateOf(server) === 'up');
    };
    const onServer = (server: number, name: string): Promise<unknown> =>
      connect({ servers: probe.addresses[server] }).get(name);

    beforeEach(async () => {
      probe = await CacheProbe.start(3);
      client = connect();
      await client.connect();
      await goes(0);
      await client.set(key(), 'from the outage');
      await comesBack(0);
    });
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((each) => each.close()));
      await probe.close();
    });

    it.each<[string, object]>([
      ['for good', {}],
      ['softly', { stale: '1m' }],
    ])('has nothing of it at the next outage, once that was invalidated %s', async (_how, options) => {
      await client.set(key(), 'own');
      expect(await client.invalidateKey(key(), options)).toBe(true);
      await goes(0);
      expect(await client.get(key())).toBeUndefined();
    });

    it('has nothing of it either where another process invalidates, which never saw an outage', async () => {
      await connect().invalidateKey(key());
      expect(await onServer(1, key())).toBeUndefined();
    });

    it('is owed the invalidation where it is away itself, and the caller is not told', async () => {
      await client.set(key(), 'own');
      await goes(1);
      expect(await client.invalidateKey(key())).toBe(true);
      expect(client.topology()[1].owed).toBe(1);
      await comesBack(1);
      await until(() => client.topology()[1].owed === 0);
      expect(await onServer(1, key())).toBeUndefined();
    });

    it('is invalidated in the place of the other while that is away, which is owed the same', async () => {
      const isFresh = async (): Promise<boolean> => {
        const { hit, stale } = await client.leaseGet(key(), { leaseSeconds: 0 });
        return hit && !stale;
      };
      await client.set(key(), 'own');
      await goes(0);
      expect(await isFresh()).toBe(true);
      expect(await client.invalidateKey(key(), { stale: '1m' })).toBe(true);
      expect(await isFresh()).toBe(false);
      expect(client.topology()[0].owed).toBe(1);
      await comesBack(0);
      expect(await isFresh()).toBe(false);
    });

    it('is owed it, too, where no server can be reached', async () => {
      for (const server of [0, 1, 2]) await goes(server);
      expect(await client.invalidateKey(key())).toBe(false);
      expect(client.topology().map(({ owed }) => owed)).toEqual([1, 1, 0]);
    });

    it('is not asked about what only the own server can say', async () => {
      await client.set(key(), 1);
      await client.delete(key());
      expect(await onServer(1, key())).toBe('from the outage');
    });
  },
);
