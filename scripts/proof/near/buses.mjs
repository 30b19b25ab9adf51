/*
 * The buses of the storms, on real brokers. Each is `start()`, which resolves with what its processes are given as `args`, and how
 * it is stopped; `createBus` is called in every process.
 */
import { hasRabbitmq, startRabbitmq } from '../../rabbitmq.mjs';
import { hasRedis, startRedis } from '../../redis.mjs';

const HERE = import.meta.url;

/** Where the brokers are, for those who have them. */
export const BUSES = {
  Redis: {
    isInstalled: hasRedis,
    async start() {
      const server = await startRedis();
      return { module: HERE, args: { redis: server.port }, stop: () => server.stop() };
    },
  },
  RabbitMQ: {
    isInstalled: hasRabbitmq,
    async start() {
      const server = await startRabbitmq();
      return { module: HERE, args: { rabbitmq: server.url }, stop: () => server.stop() };
    },
  },
};

/** @param {{ redis?: number, rabbitmq?: string }} args a port, or a URL. @param {string} dist the build. */
export async function createBus({ redis, rabbitmq }, dist) {
  if (redis !== undefined) {
    const { createClient } = await import('redis');
    const { createRedisBus } = await import(new URL('adapters/bus/redis.js', dist).href);
    const client = createClient({ socket: { host: '127.0.0.1', port: redis } });
    client.on('error', () => undefined);
    return createRedisBus(client);
  }
  const { connect } = await import('amqplib');
  const { createRabbitmqBus } = await import(new URL('adapters/bus/rabbitmq.js', dist).href);
  return createRabbitmqBus(await connect(rabbitmq));
}
