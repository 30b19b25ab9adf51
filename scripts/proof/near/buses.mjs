/*
 * The buses of the storms, on real brokers. Each is `start()`, which resolves with its port, how it is
 * stopped, and `onPort`: what its processes are given, who may come by another way; `createBus` is called in every process.
 */
import { hasRabbitmq, startRabbitmq } from '../../rabbitmq.mjs';
import { hasRedis, startRedis } from '../../redis.mjs';

const HERE = import.meta.url;

/** Where the brokers are, for those who have them. */
export const BUSES = {
  Redis: brokerOf(hasRedis, startRedis, 'redis'),
  RabbitMQ: brokerOf(hasRabbitmq, startRabbitmq, 'rabbitmq'),
};

function brokerOf(isInstalled, startBroker, name) {
  return {
    isInstalled,
    async start() {
      const server = await startBroker();
      const onPort = (port) => ({ module: HERE, args: { [name]: port } });
      return { port: server.port, onPort, stop: () => server.stop() };
    },
  };
}

/** @param {{ redis?: number, rabbitmq?: number }} args a port. @param {string} dist the build. */
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
  const connection = await connect(`amqp://127.0.0.1:${rabbitmq}?heartbeat=5`, {
    noDelay: true,
    recovery: { initialDelay: 50, maxDelay: 500 },
  });
  connection.on('error', () => undefined);
  return createRabbitmqBus(connection);
}
