import { randomUUID } from 'node:crypto';
import { ClientClosedError, ConnectionError, OverloadError } from '../errors.js';
import type { NearCacheBus, NearCacheBusListener } from '../near-cache-bus.js';
import type { Duration } from '../options/duration.js';
import { duration, readObject, type Shape, text, withDefault } from '../options/schema.js';
import { KeptTransport } from './bus-transport.js';
import { type AmqpConnection, connectionOf, RabbitmqChannel } from './rabbitmq-channel.js';

/** Options of `createRabbitmqBus`. */
export interface RabbitmqBusOptions {
  /** The fanout exchange. The processes that share a cache share it. @default 'nestjs-memcached.near' */
  exchange?: string | undefined;

  /**
   * How long RabbitMQ keeps a process's queue, and what comes into it, while the process is cut off; and what is left of
   * one that was killed. From a second to a day.
   *
   * @default '1m'
   */
  expires?: Duration | undefined;
}

/** Messages that RabbitMQ has not confirmed, and which are sent again over the next channel. More are refused. */
const MAX_UNCONFIRMED = 1000;

const DAY_MS = 24 * 60 * 60 * 1000;

const OPTIONS: Shape<{ exchange: string; expires: number }> = {
  exchange: withDefault(text(), 'nestjs-memcached.near'),
  expires: withDefault(duration(1000, DAY_MS), 60_000, `'1m'`),
};

/**
 * A bus for the near cache on RabbitMQ: a fanout exchange, and a queue for each process, which outlives a lost connection by
 * `expires`. Over a cut nothing is lost; messages come late, and some twice.
 *
 * @param connection of `amqplib` 2, by `connect(url, { recovery: true })`: without recovery what is lost does not come back. It
 *   is not closed with the bus. `heartbeat` of its url or options says how soon it notices a peer that is silent.
 * @throws {InvalidArgumentError} for something else.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 *
 * @example
 * const connection = await connect('amqp://broker?heartbeat=5', { noDelay: true, recovery: { waitForConnect: false } });
 * connection.on('error', () => {});
 * MemcachedModule.forRootAsync({
 *   useFactory: () => ({
 *     servers: 'cache-1,cache-2',
 *     cache: { near: { maxItems: 10_000, maxAge: '500ms', bus: createRabbitmqBus(connection) } },
 *   }),
 * });
 */
export function createRabbitmqBus(
  connection: AmqpConnection,
  options: RabbitmqBusOptions = {},
): NearCacheBus {
  const { exchange, expires } = readObject(options, '', OPTIONS, "{ exchange: 'shop' }");
  return new RabbitmqBus(connectionOf(connection), exchange, expires);
}

/** A message on its way to the broker. */
interface Unconfirmed {
  readonly bytes: Buffer;
  resolve(): void;
  reject(error: Error): void;
}

class RabbitmqBus implements NearCacheBus {
  readonly #transport: KeptTransport<RabbitmqChannel>;
  /** In the order in which they were published. */
  readonly #unconfirmed = new Set<Unconfirmed>();
  #isClosed = false;

  constructor(connection: AmqpConnection, exchange: string, expiresMs: number) {
    // Of this bus alone: a queue that a process before it has left holds what this one has no use for.
    const place = { exchange, queue: `${exchange}.${randomUUID()}`, expiresMs };
    const hear = (bytes: Uint8Array) => this.#transport.listener?.message(bytes);
    this.#transport = new KeptTransport(
      (lost) => new RabbitmqChannel(connection, place, { message: hear, lost }),
      { openMs: 0, pingMs: 0, opened: (channel) => this.#sendAgain(channel) },
    );
  }

  subscribe(listener: NearCacheBusListener): Promise<void> {
    return this.#transport.start(listener);
  }

  /**
   * Resolves when RabbitMQ has confirmed it. While the connection is away it is kept, and sent when it is back.
   *
   * @throws {OverloadError} (a rejection) when too many are unconfirmed.
   * @throws {ConnectionError} (a rejection) when RabbitMQ has refused it.
   */
  publish(message: Uint8Array): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ClientClosedError('the bus was closed'));
    if (this.#unconfirmed.size >= MAX_UNCONFIRMED) {
      const problem = `RabbitMQ has not confirmed ${MAX_UNCONFIRMED} messages of the bus`;
      return Promise.reject(new OverloadError(problem, ''));
    }
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
      const unconfirmed = { bytes, resolve, reject };
      this.#unconfirmed.add(unconfirmed);
      const channel = this.#transport.current;
      if (channel !== undefined) void this.#send(channel, unconfirmed);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#transport.close();
    for (const unconfirmed of this.#unconfirmed)
      unconfirmed.reject(new ClientClosedError('the bus was closed'));
    this.#unconfirmed.clear();
  }

  #sendAgain(channel: RabbitmqChannel): void {
    for (const unconfirmed of this.#unconfirmed) void this.#send(channel, unconfirmed);
  }

  async #send(channel: RabbitmqChannel, unconfirmed: Unconfirmed): Promise<void> {
    try {
      await channel.publish(unconfirmed.bytes);
      this.#unconfirmed.delete(unconfirmed);
      unconfirmed.resolve();
    } catch (cause) {
      // What a channel has taken along goes over the next.
      if (this.#isClosed || this.#transport.current !== channel) return;
      this.#unconfirmed.delete(unconfirmed);
      const problem = 'RabbitMQ has refused a message of the bus';
      unconfirmed.reject(new ConnectionError(problem, '', 'unknown', { cause }));
    }
  }
}
