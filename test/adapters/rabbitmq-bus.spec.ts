import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib';
import { type Rabbitmq, hasRabbitmq, startRabbitmq } from '../../scripts/rabbitmq.mjs';
import {
  type AmqpConfirmChannel,
  type AmqpConnection,
  type AmqpMessage,
  createRabbitmqBus,
} from '../../lib/adapters/bus/rabbitmq.js';
import type { NearCacheBus } from '../../lib/near-cache-bus.js';
import { describeWith } from '../support/describe-with.js';
import { blackhole, FaultProxy } from '../support/fault-proxy.js';
import { itIsABus, type Broker, text } from './support/bus-contract.js';
import { BusEar } from './support/bus-ear.js';
import { until } from './support/places.js';

/** It takes seconds to start, and minutes on a busy machine: the suites here share one. */
const START_LIMIT_MS = 240_000;

const OUTAGE_LIMIT_MS = 60_000;

describeWith({ 'rabbitmq-server': hasRabbitmq() }, 'RabbitMQ', () => {
  let server: Rabbitmq;
  beforeAll(async () => {
    server = await startRabbitmq();
  }, START_LIMIT_MS);
  afterAll(() => server.stop());

  const broker: Broker = {
    get port() {
      return server.port;
    },
    stop: () => server.stop(),
    async startAgain() {
      server = await startRabbitmq(server.port);
    },
  };
  describe('a bus on it, by amqplib 2', () => itIsABus('RabbitMQ', 'amqplib 2', broker));

  describe('its bus', () => {
    const connections: { close(): Promise<void> }[] = [];
    const buses: NearCacheBus[] = [];
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
      await Promise.all(connections.splice(0).map((connection) => connection.close().catch(() => {})));
    });

    const recovering = async (port: number): Promise<RecoveringChannelModel> => {
      const connection = await connect(`amqp://127.0.0.1:${port}?heartbeat=1`, {
        recovery: { initialDelay: 20, maxDelay: 200 },
      });
      connection.on('error', () => {});
      connections.push(connection);
      return connection;
    };
    const listening = async (connection: AmqpConnection, options = {}) => {
      const bus = createRabbitmqBus(connection, options);
      buses.push(bus);
      const ear = new BusEar();
      await bus.subscribe(ear);
      return { bus, ear };
    };
    /** The sockets of a connection that recovers: what is destroyed there nobody tells amqplib. */
    const destroySocket = (connection: RecoveringChannelModel): void => {
      const { _core } = connection as unknown as {
        _core: { _model: { connection: { stream: { destroy(): void } } } };
      };
      _core._model.connection.stream.destroy();
    };
    const numbers = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${name} ${index}`);

    it(
      'loses nothing while the path of a process is cut, neither of what it sends nor of what others send',
      async () => {
        await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
        const [near, far] = [
          await listening(await recovering(proxy.port)),
          await listening(await recovering(server.port)),
        ];
        const [ofNear, ofFar] = [numbers('near', 600), numbers('far', 2000)];
        const published: Promise<void>[] = [];
        const publish = async (bus: NearCacheBus, messages: readonly string[], pauseEach: number) => {
          for (const [index, message] of messages.entries()) {
            published.push(bus.publish(text(message)));
            if (index % pauseEach === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          }
        };
        const talking = [publish(near.bus, ofNear, 1), publish(far.bus, ofFar, 4)];
        await near.ear.hears('far 100');
        await proxy.down();
        await near.ear.knows(false);
        await Promise.all(talking);
        await proxy.up();
        await Promise.all(published);
        for (const { ear } of [near, far]) {
          await Promise.all([ear.hears('near 599'), ear.hears('far 1999')]);
          expect(new Set(ear.heard)).toEqual(new Set([...ofNear, ...ofFar]));
          // What was heard twice is in order all the same.
          const firsts = [...new Set(ear.heard)];
          expect(firsts.filter((message) => message.startsWith('near'))).toEqual(ofNear);
          expect(firsts.filter((message) => message.startsWith('far'))).toEqual(ofFar);
        }
        expect(near.ear.states).toEqual([false, true]);
        expect(far.ear.states).toEqual([]);
      },
      OUTAGE_LIMIT_MS,
    );

    it(
      'is silent when the socket is destroyed on its own side, until the heartbeat of amqplib notices',
      async () => {
        const connection = await recovering(server.port);
        const { bus, ear } = await listening(connection);
        await bus.publish(text('before'));
        destroySocket(connection);
        const lost = bus.publish(text('during'));
        await ear.knows(true);
        await lost;
        await ear.hears('during');
        // What was acknowledged in vain is delivered once more.
        expect([...new Set(ear.heard)]).toEqual(['before', 'during']);
        expect(ear.states).toEqual([false, true]);
      },
      OUTAGE_LIMIT_MS,
    );

    it('refuses more than a thousand messages that nobody has confirmed', async () => {
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      const connection = await recovering(proxy.port);
      const { bus } = await listening(connection);
      proxy.inject(blackhole);
      const held = numbers('held', 1000).map((message) => bus.publish(text(message)).catch(() => 'closed'));
      await expect(bus.publish(text('one more'))).rejects.toMatchObject({ code: 'MEMCACHED_OVERLOAD' });
      await bus.close();
      expect(new Set(await Promise.all(held))).toEqual(new Set(['closed']));
      proxy.heal();
      await connection.close();
    });

    it('has a queue of its own each time, which it takes along, or which expires', async () => {
      const connection = await recovering(server.port);
      const asserted: string[] = [];
      const watched: AmqpConnection = {
        async createConfirmChannel() {
          const channel = await connection.createConfirmChannel();
          const { assertQueue } = channel;
          channel.assertQueue = (queue, options) => {
            asserted.push(queue ?? '');
            return assertQueue.call(channel, queue, options);
          };
          return channel;
        },
      };
      const isThere = async (queue: string): Promise<boolean> => {
        const channel = await connection.createChannel();
        channel.on('error', () => {});
        const found = await channel.checkQueue(queue).then(
          () => true,
          () => false,
        );
        if (found) await channel.close();
        return found;
      };
      const { bus } = await listening(watched);
      const other = await listening(watched, { expires: '1s' });
      expect(new Set(asserted).size).toBe(2);
      expect(await isThere(asserted[0])).toBe(true);
      await bus.close();
      expect(await isThere(asserted[0])).toBe(false);
      // Killed: the connection is gone, and nobody has said good-bye.
      await connection.close();
      const witness = await (await recovering(server.port)).createConfirmChannel();
      let isGone = false;
      witness.on('return', () => (isGone = true));
      // To declare it, even passively, would keep it.
      await until(async () => {
        witness.sendToQueue(asserted[1], Buffer.from('are you there?'), { mandatory: true });
        await witness.waitForConfirms();
        return isGone;
      });
      expect(other.ear.states).toEqual([false]);
    });

    it('comes back with another channel when its queue is deleted under it', async () => {
      const connection = await recovering(server.port);
      let channels = 0;
      let queueOf = '';
      const watched: AmqpConnection = {
        async createConfirmChannel() {
          channels += 1;
          const channel = await connection.createConfirmChannel();
          const { assertQueue } = channel;
          channel.assertQueue = (queue, options) => {
            queueOf = queue ?? '';
            return assertQueue.call(channel, queue, options);
          };
          return channel;
        },
      };
      const { bus, ear } = await listening(watched);
      const operator = await connection.createChannel();
      await operator.deleteQueue(queueOf);
      await operator.close();
      await ear.knows(false);
      await ear.knows(true);
      expect(channels).toBe(2);
      await bus.publish(text('after'));
      await ear.hears('after');
    });

    it('tells who has a connection without recovery that it is lost', async () => {
      await using proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
      const connection: ChannelModel = await connect(`amqp://127.0.0.1:${proxy.port}`);
      connection.on('error', () => {});
      connections.push(connection);
      const { bus, ear } = await listening(connection);
      await bus.publish(text('hello'));
      await ear.hears('hello');
      proxy.resetAll();
      await ear.knows(false);
      expect(ear.states).toEqual([false]);
    });
  });
});

describe('createRabbitmqBus', () => {
  const connection: AmqpConnection = {
    createConfirmChannel: () => Promise.reject(new Error('not here')),
  };

  it.each([3, 500])('acknowledges what it has heard together, %i messages', async (count) => {
    const channel = new FakeChannel();
    const bus = createRabbitmqBus({ createConfirmChannel: async () => channel });
    const ear = new BusEar();
    await bus.subscribe(ear);
    const messages = Array.from({ length: count }, (_, index) => ({
      content: Buffer.from(text(`${index}`)),
    }));
    messages.forEach((message) => channel.deliver(message));
    expect(await channel.acknowledged).toEqual([messages.at(-1), true]);
    expect(ear.heard).toHaveLength(count);
    await bus.close();
  });

  it('refuses what is no connection of amqplib', () => {
    const wanted = /expected a connection of amqplib 2/;
    expect(() => createRabbitmqBus(undefined as never)).toThrow(wanted);
    expect(() => createRabbitmqBus('amqp://broker' as never)).toThrow(wanted);
  });

  it('refuses options that cannot be meant', () => {
    expect(() => createRabbitmqBus(connection, { expire: '1m' } as object)).toThrow(
      "did you mean 'expires'?",
    );
    expect(() => createRabbitmqBus(connection, { expires: '10ms' })).toThrow('expires');
    expect(() => createRabbitmqBus(connection, { exchange: '' })).toThrow('exchange');
  });
});

/** A channel that nothing is behind. */
class FakeChannel implements AmqpConfirmChannel {
  deliver: (message: AmqpMessage) => void = () => {};
  ack: AmqpConfirmChannel['ack'] = () => {};
  /** What the first acknowledgement said. */
  readonly acknowledged = new Promise((resolve) => {
    this.ack = (...said) => resolve(said);
  });

  on(): void {}
  async assertExchange(): Promise<void> {}
  async assertQueue(): Promise<void> {}
  async bindQueue(): Promise<void> {}
  async prefetch(): Promise<void> {}
  async consume(_queue: string, onMessage: (message: AmqpMessage | null) => void): Promise<void> {
    this.deliver = onMessage;
  }
  publish(): boolean {
    return true;
  }
  async deleteQueue(): Promise<void> {}
  async close(): Promise<void> {}
}
