import { ClientClosedError, ConnectionError, OverloadError } from '../errors.js';
import type { NearCacheBus, NearCacheBusListener } from '../near-cache-bus.js';
import type { Duration } from '../options/duration.js';
import { readObject, type Shape, text, timer, withDefault } from '../options/schema.js';
import { beforeLimit, type BusTransport, KeptTransport } from './bus-transport.js';
import { connectionsOf, type RedisBusClient, type RedisConnection } from './redis-client.js';

/** Options of `createRedisBus`. */
export interface RedisBusOptions {
  /** The channel of Redis' pub/sub. The processes that share a cache share it. @default 'nestjs-memcached:near' */
  channel?: string | undefined;

  /**
   * How often Redis is asked for a sign of life; when two are missing, the connections are opened anew. `0` never asks.
   *
   * @default '5s'
   */
  pingInterval?: Duration | undefined;
}

/** Messages that Redis has not answered. More are refused: it takes a while until a dead connection is known to be. */
const MAX_UNANSWERED = 1000;

/** How long a subscription may take to stand, in milliseconds. */
const OPEN_LIMIT_MS = 10_000;

const OPTIONS: Shape<{ channel: string; pingInterval: number }> = {
  channel: withDefault(text(), 'nestjs-memcached:near'),
  pingInterval: withDefault(timer(), 5000, `'5s'`),
};

/**
 * A bus for the near cache on Redis' pub/sub. What is sent while a process, or Redis, is cut off is lost, and the near
 * cache notices.
 *
 * @param client a client of `redis` (node-redis 5 or 6) or `ioredis` (5 or 6), connected or not. The bus opens two connections
 *   of its own with its options, by `client.duplicate()`, one to subscribe and one to publish, and leaves it alone.
 * @throws {InvalidArgumentError} for another kind of client.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 *
 * @example
 * MemcachedModule.forRootAsync({
 *   inject: [REDIS],
 *   useFactory: (redis: Redis) => ({
 *     servers: 'cache-1,cache-2',
 *     cache: { near: { maxItems: 10_000, maxAge: '500ms', bus: createRedisBus(redis) } },
 *   }),
 * });
 */
export function createRedisBus(client: RedisBusClient, options: RedisBusOptions = {}): NearCacheBus {
  const connections = connectionsOf(client);
  const { channel, pingInterval } = readObject(options, '', OPTIONS, "{ channel: 'shop' }");
  return new RedisBus(connections, channel, pingInterval);
}

class RedisBus implements NearCacheBus {
  readonly #transport: KeptTransport<RedisConnections>;
  #isClosed = false;

  constructor(open: ReturnType<typeof connectionsOf>, channel: string, pingMs: number) {
    const hear = (message: Uint8Array) => this.#transport.listener?.message(message);
    this.#transport = new KeptTransport(
      (lost) => new RedisConnections(open(lost), open(lost), channel, hear),
      { openMs: OPEN_LIMIT_MS, pingMs },
    );
  }

  subscribe(listener: NearCacheBusListener): Promise<void> {
    return this.#transport.start(listener);
  }

  /**
   * Rejects at once while there is no connection: nothing is kept, since what is late is as good as lost.
   *
   * @throws {ConnectionError} (a rejection) when it could not be sent, or may not have been.
   * @throws {OverloadError} (a rejection) when too many are unanswered.
   */
  async publish(message: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new ClientClosedError('the bus was closed');
    const transport = this.#transport.current;
    if (transport === undefined)
      throw new ConnectionError('the bus has no connection to Redis', '', 'not-sent');
    if (transport.unanswered >= MAX_UNANSWERED)
      throw new OverloadError(`Redis has not answered ${MAX_UNANSWERED} messages of the bus`, '');
    try {
      await transport.publish(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    } catch (cause) {
      throw new ConnectionError('a message of the bus may not have reached Redis', '', 'unknown', { cause });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#transport.close();
  }
}

/** Where a bus subscribes and where it publishes: one is lost with the other. */
class RedisConnections implements BusTransport {
  readonly opened: Promise<void>;
  /** Messages of which nobody knows whether they have arrived. */
  unanswered = 0;
  readonly #subscriber: RedisConnection;
  readonly #publisher: RedisConnection;
  readonly #channel: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    subscriber: RedisConnection,
    publisher: RedisConnection,
    channel: string,
    hear: (message: Uint8Array) => void,
  ) {
    this.#subscriber = subscriber;
    this.#publisher = publisher;
    this.#channel = channel;
    this.opened = this.#open(hear);
  }

  async publish(message: Buffer): Promise<void> {
    this.unanswered += 1;
    try {
      this.#last = this.#publisher.publish(this.#channel, message);
      await this.#last;
    } finally {
      this.unanswered -= 1;
    }
  }

  ping(): Promise<unknown> {
    return Promise.all([this.#subscriber.ping(), this.#publisher.ping()]);
  }

  drop(): void {
    this.#subscriber.end();
    this.#publisher.end();
  }

  /** Lets what was published arrive before: answers come in order. */
  async close(): Promise<void> {
    if (this.unanswered > 0) await beforeLimit(this.#last);
    this.drop();
  }

  async #open(hear: (message: Uint8Array) => void): Promise<void> {
    await Promise.all([this.#subscriber.connect(), this.#publisher.connect()]);
    await this.#subscriber.subscribe(this.#channel, hear);
  }
}
