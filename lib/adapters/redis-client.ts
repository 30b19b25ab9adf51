import { InvalidArgumentError } from '../errors.js';

/**
 * A client of `redis` (node-redis 5 or 6) or `ioredis` (5 or 6), not of a cluster or of sentinels in node-redis' own classes.
 *
 * It is known by what it can do, and nothing is imported of either package.
 */
export interface RedisBusClient {
  /** Makes another client with the same options, except those given. */
  duplicate(overrides?: object): unknown;
}

/** A connection that a bus has for itself, from its opening to its end; it is not opened again. */
export interface RedisConnection {
  /** @throws {Error} (a rejection) when the server cannot be reached. */
  connect(): Promise<unknown>;
  subscribe(channel: string, hear: (message: Uint8Array) => void): Promise<unknown>;
  publish(channel: string, message: Buffer): Promise<unknown>;
  ping(): Promise<unknown>;
  /** Ends it at once, connected or not, and rejects what is unanswered. Does not throw. */
  end(): void;
}

/** What tells clients apart. */
interface ClientState {
  /** node-redis. */
  readonly isReady?: unknown;
  /** ioredis. */
  readonly status?: unknown;
  /** Only ioredis' cluster says so. */
  readonly isCluster?: unknown;
}

/** What a client of node-redis can do, as far as a bus needs it. */
interface NodeRedis {
  readonly options?: { readonly socket?: object };
  duplicate(overrides: object): NodeRedis;
  on(event: 'error' | 'end' | 'connect', listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: Buffer) => void, asBuffers: true): Promise<unknown>;
  publish(channel: string, message: Buffer): Promise<unknown>;
  ping(): Promise<unknown>;
  destroy(): void;
}

/** The same of ioredis. */
interface Ioredis {
  duplicate(overrides: object): Ioredis;
  on(event: 'error' | 'end', listener: () => void): unknown;
  on(event: 'messageBuffer', listener: (channel: Buffer, message: Buffer) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  publish(channel: string, message: Buffer): Promise<unknown>;
  ping(): Promise<unknown>;
  disconnect(): void;
}

/**
 * How to make connections with a client's options.
 *
 * None is ever opened again: the clients differ in when they give up and in what they repeat, none tells when a subscription
 * that it has repeated stands, and node-redis 5 may wait for ever where a connection is reset as it writes.
 *
 * @param lost called when the connection is of no use any more.
 * @throws {InvalidArgumentError} for something else than a client of either package.
 */
export function connectionsOf(client: RedisBusClient): (lost: () => void) => RedisConnection {
  const { isReady, status, isCluster } = (client ?? {}) as ClientState;
  if (typeof client?.duplicate === 'function' && isCluster !== true) {
    if (typeof isReady === 'boolean') return (lost) => nodeRedis(client as NodeRedis, lost);
    if (typeof status === 'string') return (lost) => ioredis(client as Ioredis, lost);
  }
  const hint = isCluster === true ? '; of a cluster, give a client of one of its nodes' : '';
  throw new InvalidArgumentError(
    `expected a client of redis (node-redis 5 or 6) or ioredis (5 or 6) as the bus's first argument${hint}`,
  );
}

function nodeRedis(client: NodeRedis, lost: () => void): RedisConnection {
  const connection = client.duplicate({
    socket: { ...client.options?.socket, reconnectStrategy: false },
    // What the client caches is none of this connection's business.
    clientSideCache: undefined,
    emitInvalidate: false,
    pingInterval: undefined,
  });
  let hasSocket = false;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    // A socket that is being opened cannot be ended yet.
    if (!hasSocket) return;
    try {
      connection.destroy();
    } catch {
      // It has ended by itself.
    }
  };
  connection.on('error', lost);
  connection.on('end', lost);
  connection.on('connect', () => {
    hasSocket = true;
    if (hasEnded) end();
  });
  return {
    connect: () => connection.connect(),
    subscribe: (channel, hear) => connection.subscribe(channel, hear, true),
    publish: (channel, message) => connection.publish(channel, message),
    ping: () => connection.ping(),
    end,
  };
}

function ioredis(client: Ioredis, lost: () => void): RedisConnection {
  const connection = client.duplicate({
    lazyConnect: true,
    retryStrategy: null,
    reconnectOnError: null,
    autoResubscribe: false,
    maxRetriesPerRequest: null,
    // An application's wishes for its own commands are not for these.
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    commandTimeout: undefined,
    monitor: false,
    disconnectTimeout: 100,
  });
  connection.on('error', lost);
  connection.on('end', lost);
  return {
    connect: () => connection.connect(),
    subscribe(channel, hear) {
      connection.on('messageBuffer', (_channel, message) => hear(message));
      return connection.subscribe(channel);
    },
    publish: (channel, message) => connection.publish(channel, message),
    ping: () => connection.ping(),
    end: () => connection.disconnect(),
  };
}
