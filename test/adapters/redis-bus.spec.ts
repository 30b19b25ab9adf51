import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { hasRedis, type Redis, startRedis } from '../../scripts/redis.mjs';
import { createRedisBus, type RedisBusClient } from '../../lib/adapters/bus/redis.js';
import { blackhole, FaultProxy } from '../support/fault-proxy.js';
import { describeWith } from '../support/describe-with.js';
import { BROKER_CLIENTS } from './support/bus-clients.js';
import { type Broker, itIsABus, text } from './support/bus-contract.js';
import { BusEar } from './support/bus-ear.js';

describeWith({ 'redis-server': hasRedis() }, 'Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const server: Broker = {
    get port() {
      return redis.port;
    },
    stop: () => redis.stop(),
    async startAgain() {
      redis = await startRedis(redis.port);
    },
  };
  describe.each(Object.keys(BROKER_CLIENTS.Redis))('a bus on it, by %s', (client) => {
    itIsABus('Redis', client, server);
  });

  describe('its bus', () => {
    it('refuses more than a thousand messages that nobody has answered', async () => {
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: redis.port });
      const client = createClient({ socket: { host: '127.0.0.1', port: proxy.port } });
      const bus = createRedisBus(client, { pingInterval: 0 });
      await bus.subscribe(new BusEar());
      proxy.inject(blackhole);
      const unanswered = Array.from({ length: 1000 }, () => bus.publish(text('x')).catch(({ code }) => code));
      await expect(bus.publish(text('one more'))).rejects.toMatchObject({ code: 'MEMCACHED_OVERLOAD' });
      await bus.close();
      expect(new Set(await Promise.all(unanswered))).toEqual(new Set(['MEMCACHED_CONNECTION']));
      expect(client.isOpen).toBe(false);
    });

    it('rejects at once what it cannot send', async () => {
      const bus = createRedisBus(createClient({ socket: { host: '127.0.0.1', port: 1 } }));
      void bus.subscribe(new BusEar());
      await expect(bus.publish(text('x'))).rejects.toMatchObject({
        code: 'MEMCACHED_CONNECTION',
        outcome: 'not-sent',
      });
      await bus.close();
    });

    it('keeps its channel apart from others', async () => {
      const client = createClient({ socket: { host: '127.0.0.1', port: redis.port } });
      const [one, other] = ['one', 'other'].map((channel) => createRedisBus(client, { channel }));
      const [ear, otherEar] = [new BusEar(), new BusEar()];
      await Promise.all([one.subscribe(ear), other.subscribe(otherEar)]);
      await one.publish(text('for one'));
      await other.publish(text('for the other'));
      await Promise.all([ear.hears('for one'), otherEar.hears('for the other')]);
      expect([ear.heard, otherEar.heard]).toEqual([['for one'], ['for the other']]);
      await Promise.all([one.close(), other.close()]);
    });
  });
});

describe('createRedisBus', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /expected a client of redis/],
    ['options', { host: 'redis' }, /expected a client of redis/],
    ["ioredis' cluster", new Cluster([], { lazyConnect: true }), /give a client of one of its nodes/],
    ["node-redis' cluster", createCluster({ rootNodes: [] }), /expected a client of redis/],
  ])('refuses %s', (_name, client, message) => {
    expect(() => createRedisBus(client as RedisBusClient)).toThrow(message);
  });

  it('refuses options that cannot be meant', () => {
    const client = { isReady: false, duplicate: () => ({}) };
    expect(() => createRedisBus(client, { chanel: 'x' } as object)).toThrow("did you mean 'channel'?");
    expect(() => createRedisBus(client, { channel: '' })).toThrow('channel');
    expect(() => createRedisBus(client, { pingInterval: -1 })).toThrow('pingInterval');
  });
});
