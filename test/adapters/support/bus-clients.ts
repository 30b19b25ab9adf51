import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { createClient } from 'redis';
import { createClient as createClient6 } from 'redis-6';
import { createRabbitmqBus } from '../../../lib/adapters/bus/rabbitmq.js';
import { createRedisBus } from '../../../lib/adapters/bus/redis.js';
import type { NearCacheBus } from '../../../lib/near-cache-bus.js';

/** A client of a broker as an application has one, and buses on it. */
export interface BrokerClient {
  bus(): NearCacheBus;
  /** Does something of the application's own with it; rejects where it was closed. */
  use(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Connects to the port, or goes on trying. */
export type BrokerClientKind = (port: number) => Promise<BrokerClient>;

/** Short, so that a test sees a connection given up that is half open. */
const REDIS_BUS = { pingInterval: 50 };

const REDIS_CLIENTS = {
  'node-redis 5': async (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } });
    client
      .on('error', () => {})
      .connect()
      .catch(() => {});
    return {
      bus: () => createRedisBus(client, REDIS_BUS),
      use: () => client.ping(),
      close: async () => client.destroy(),
    };
  },
  'node-redis 6': async (port) => {
    const client = createClient6({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } });
    client
      .on('error', () => {})
      .connect()
      .catch(() => {});
    return {
      bus: () => createRedisBus(client, REDIS_BUS),
      use: () => client.ping(),
      close: async () => client.destroy(),
    };
  },
  'ioredis 5': async (port) => {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => {});
    return {
      bus: () => createRedisBus(client, REDIS_BUS),
      use: () => client.ping(),
      close: async () => client.disconnect(),
    };
  },
  'ioredis 6': async (port) => {
    const client = new Redis6(port, '127.0.0.1', { retryStrategy: () => 20, keyPrefix: 'app:' });
    client.on('error', () => {});
    return {
      bus: () => createRedisBus(client, REDIS_BUS),
      use: () => client.ping(),
      close: async () => client.disconnect(),
    };
  },
} satisfies Record<string, BrokerClientKind>;

const RABBITMQ_CLIENTS = {
  'amqplib 2': async (port) => {
    const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}?heartbeat=1`, {
      recovery: { waitForConnect: false, initialDelay: 20, maxDelay: 200 },
    });
    connection.on('error', () => {});
    return {
      bus: () => createRabbitmqBus(connection),
      use: async () => (await connection.createChannel()).close(),
      close: () => connection.close(),
    };
  },
} satisfies Record<string, BrokerClientKind>;

/** By their names; the tests that go through all of them run once for each. */
export const BROKER_CLIENTS: Readonly<
  Record<'Redis' | 'RabbitMQ', Readonly<Record<string, BrokerClientKind>>>
> = { Redis: REDIS_CLIENTS, RabbitMQ: RABBITMQ_CLIENTS };
