import { InvalidArgumentError } from '../errors.js';
import { clearTimeout, setTimeout } from '../timers.js';
import { beforeLimit, type BusTransport } from './bus-transport.js';

/** A connection of `amqplib` 2, by what it can do. */
export interface AmqpConnection {
  /** Opens a channel on which the broker confirms what was published; waits for a connection that recovers. */
  createConfirmChannel(): Promise<AmqpConfirmChannel>;
}

/** A channel of it, as far as the bus needs it: see the documentation of `amqplib`. */
export interface AmqpConfirmChannel {
  /** Listens to `error` and `close`. */
  on(event: string, listener: (...args: never[]) => void): unknown;
  /** Declares the exchange. */
  assertExchange(exchange: string, type: 'fanout', options: object): Promise<unknown>;
  /** Declares the queue of this process. */
  assertQueue(queue: string, options: object): Promise<unknown>;
  /** Lets what comes to the exchange into the queue. */
  bindQueue(queue: string, exchange: string, pattern: string): Promise<unknown>;
  /** Bounds what is delivered ahead of its acknowledgement. */
  prefetch(count: number): Promise<unknown>;
  /** Takes what comes into the queue; `null` says that the queue is gone. */
  consume(queue: string, onMessage: (message: AmqpMessage | null) => void): Promise<unknown>;
  /** Lets the broker forget a message, and with `allUpTo` those before it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the message that the channel itself has given.
  ack(message: any, allUpTo?: boolean): void;
  /** Sends a message to the exchange. */
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: object,
    confirmed: (error: Error | null | undefined) => void,
  ): boolean;
  /** Deletes the queue with what is in it. */
  deleteQueue(queue: string): Promise<unknown>;
  /** Closes the channel, and leaves the connection open. */
  close(): Promise<void>;
}

/** A message that was delivered. */
export interface AmqpMessage {
  readonly content: Buffer;
}

/** Where a bus lives in the broker. */
export interface RabbitmqPlace {
  readonly exchange: string;
  readonly queue: string;
  readonly expiresMs: number;
}

/** What a channel tells. */
export interface RabbitmqChannelEvents {
  message(bytes: Uint8Array): void;
  lost(): void;
}

/** Messages that RabbitMQ sends ahead of their acknowledgement. */
const PREFETCH = 1000;

/** What was heard is acknowledged together: one by one, each message costs the broker half as much again, and this process, too. */
const ACKNOWLEDGE_MS = 100;

/** So many are acknowledged at once, whatever the time, so that RabbitMQ need not wait before it sends more. */
const MAX_UNACKNOWLEDGED = PREFETCH / 2;

/** @throws {InvalidArgumentError} when it is no such connection. */
export function connectionOf(connection: AmqpConnection): AmqpConnection {
  if (typeof connection?.createConfirmChannel === 'function') return connection;
  throw new InvalidArgumentError(
    "expected a connection of amqplib 2 as the bus's first argument: `await connect(url, { recovery: true })`",
  );
}

/** A channel with the exchange and this process's queue, from its opening to its end. */
export class RabbitmqChannel implements BusTransport {
  readonly opened: Promise<void>;
  readonly #place: RabbitmqPlace;
  readonly #events: RabbitmqChannelEvents;
  #channel: AmqpConfirmChannel | undefined;
  #hasEnded = false;
  #unacknowledged = 0;
  #acknowledging: NodeJS.Timeout | undefined;
  #lastHeard: AmqpMessage | undefined;

  constructor(connection: AmqpConnection, place: RabbitmqPlace, events: RabbitmqChannelEvents) {
    this.#place = place;
    this.#events = events;
    this.opened = this.#open(connection);
  }

  /** Resolves when the broker has confirmed it. */
  publish(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      // A channel that has just been closed throws.
      this.#channel?.publish(this.#place.exchange, '', bytes, {}, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Leaves the queue, and what comes into it, for the next channel. */
  drop(): void {
    this.#hasEnded = true;
    clearTimeout(this.#acknowledging);
    this.#channel?.close().catch(() => {});
  }

  /** Takes the queue along: nobody will come back for what it holds. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    clearTimeout(this.#acknowledging);
    const channel = this.#channel;
    if (channel === undefined) return;
    await beforeLimit(channel.deleteQueue(this.#place.queue).then(() => channel.close()));
  }

  async #open(connection: AmqpConnection): Promise<void> {
    const { exchange, queue, expiresMs } = this.#place;
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    channel.on('close', () => this.#events.lost());
    if (this.#hasEnded) {
      await channel.close();
      return;
    }
    this.#channel = channel;
    await channel.assertExchange(exchange, 'fanout', { durable: false, autoDelete: true });
    await channel.assertQueue(queue, {
      durable: false,
      exclusive: false,
      autoDelete: false,
      expires: expiresMs,
    });
    await channel.bindQueue(queue, exchange, '');
    await channel.prefetch(PREFETCH);
    await channel.consume(queue, (message) => this.#take(channel, message));
  }

  #take(channel: AmqpConfirmChannel, message: AmqpMessage | null): void {
    // The queue is gone.
    if (message === null) return this.#events.lost();
    this.#events.message(message.content);
    this.#lastHeard = message;
    this.#unacknowledged += 1;
    if (this.#unacknowledged >= MAX_UNACKNOWLEDGED) this.#acknowledge(channel);
    else if (!this.#hasEnded) {
      this.#acknowledging ??= setTimeout(() => this.#acknowledge(channel), ACKNOWLEDGE_MS).unref();
    }
  }

  #acknowledge(channel: AmqpConfirmChannel): void {
    clearTimeout(this.#acknowledging);
    this.#acknowledging = undefined;
    this.#unacknowledged = 0;
    try {
      channel.ack(this.#lastHeard, true);
    } catch {
      // The channel has just been closed: the messages come once more, over the next.
    }
  }
}
