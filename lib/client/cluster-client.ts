import { EventEmitter } from 'node:events';
import { Cluster } from '../cluster/cluster.js';
import { Discovery } from '../cluster/discovery.js';
import { dumpKeys } from '../cluster/key-dump.js';
import type { Node, NodeState } from '../cluster/node.js';
import type { Latency } from '../cluster/round-trips.js';
import { InvalidArgumentError, MemcachedError } from '../errors.js';
import {
  resolveClientOptions,
  type ClientOptions,
  type ResolvedClientOptions,
} from '../options/client-options.js';
import { toMilliseconds, toTtlSeconds, type Duration } from '../options/duration.js';
import { readServers, type ServerAddress, type ServersOption } from '../options/server-options.js';
import { toExptime } from '../protocol/exptime.js';
import { Request, type ReplyReader } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import {
  commandChannel,
  nodeChannel,
  reconnectChannel,
  replayChannel,
  serversChannel,
  traced,
} from './diagnostics.js';
import type { ClientEvents, NodeEvent } from './events.js';
import { ManyResult } from './many-result.js';
import { readDone, readLine } from './readers.js';
import { STATS_GROUPS, typedStats, type StatsByGroup, type StatsGroup } from './stats.js';

/** What every command takes. */
export interface CommandOptions {
  /** Gives up when aborted: the promise rejects with the signal's reason. What was written may still be carried out. */
  signal?: AbortSignal;
  /** Longest wait for the reply, at least 1 ms. @default the client's `commandTimeout` */
  timeout?: Duration;
}

/** One server as the client sees it now. */
export interface NodeStatus {
  /** The server, `host:port`. */
  readonly server: string;
  readonly weight: number;
  readonly state: NodeState;
  /** When the state last changed. */
  readonly since: Date;
  readonly lastError?: MemcachedError;
  /** Invalidations it is owed, to be sent before it is read from again; `Infinity` for all it holds. */
  readonly owed: number;
  /** How long our own requests took; absent before the first reply. */
  readonly latency?: Latency;
}

const NO_OPTIONS: CommandOptions = {};

/** The client's part that deals with servers rather than keys. */
export abstract class ClusterClient extends EventEmitter<ClientEvents> implements AsyncDisposable {
  protected readonly options: ResolvedClientOptions;
  protected readonly cluster: Cluster;
  readonly #discovery: Discovery | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  protected constructor(options: ClientOptions) {
    super();
    this.options = resolveClientOptions(options);
    this.cluster = new Cluster(this.options, {
      onState: (node, previous) => this.#tell(node, previous),
      onReconnect: ({ server }) => reconnectChannel.publish({ server: server.id }),
      onReplay: ({ server }, count) => replayChannel.publish({ server: server.id, count }),
    });
    this.#warn();
    const { discovery, servers } = this.options;
    if (discovery === undefined) return;
    this.#discovery = new Discovery(discovery, this.options, {
      onServers: (found) => this.#setServers(found),
      onFailure: (error) => this.emit('discoveryFailed', error),
    });
    const found = this.#discovery.run();
    if (servers.length === 0) this.cluster.expectServers(found);
  }

  /**
   * Connects to every server. Not needed before commands, which connect on first use; it tells early whether the cluster
   * can be reached.
   *
   * @throws {ConnectionError | TimeoutError | ServerError} of a server that cannot be used.
   */
  connect(): Promise<void> {
    return this.cluster.connect();
  }

  /**
   * Ends the client: requests in flight get `drainTimeout` to be answered, the rest rejects with `MEMCACHED_CLOSED`. No
   * socket and no timer is left.
   */
  close(): Promise<void> {
    this.#discovery?.close();
    return (this.#closing ??= this.cluster.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * The server a key belongs to, `host:port`, without asking the network.
   *
   * @param options `down`: servers (`host:port`) to be taken as out, under the distribution's rule for failover `next`.
   * @throws {InvalidArgumentError} when no server can take the key.
   */
  serverFor(key: string, options: { down?: readonly string[] } = {}): string {
    const server = this.cluster.serverFor(this.options.keyPrefix + key, options.down);
    if (server === undefined)
      throw new InvalidArgumentError(`no server is left for key ${JSON.stringify(key)}`);
    return server.id;
  }

  /**
   * Puts another list of servers in place of the present one. Servers that stay keep their connections; those that leave
   * answer what is in flight. Keys of servers that stay keep their place as far as the distribution allows.
   *
   * @throws {InvalidOptionsError} with the path of the wrong part; the present list stays.
   */
  setServers(servers: ServersOption): void {
    this.#setServers(readServers(servers, 'servers'));
  }

  /** The servers with their weights, states, since when, the last error, what they are owed, and how long they take. */
  topology(): readonly NodeStatus[] {
    return this.cluster.nodes.map((node) => ({
      server: node.server.id,
      weight: node.server.weight,
      state: node.state,
      since: node.since,
      owed: node.owed,
      ...(node.lastError === undefined ? {} : { lastError: node.lastError }),
      ...(node.latency === undefined ? {} : { latency: node.latency }),
    }));
  }

  /**
   * The servers' statistics, by server, under memcached's own names.
   *
   * @param group `general` (the default), `settings`, `items`, `slabs`, `conns` or `sizes`.
   * @see memcached doc/protocol.txt, "Statistics"
   */
  stats<Group extends StatsGroup = 'general'>(
    group: Group = 'general' as Group,
    options?: CommandOptions,
  ): Promise<ManyResult<StatsByGroup[Group]>> {
    if (!STATS_GROUPS.includes(group)) {
      throw new InvalidArgumentError(`stats: '${group}' is no group; there are ${STATS_GROUPS.join(', ')}`);
    }
    return this.#onEveryNode(group === 'general' ? 'stats' : `stats ${group}`, readStats, options, (texts) =>
      typedStats(group, texts as ReadonlyMap<string, string>),
    );
  }

  /** The servers' versions, such as `1.6.18`, by server. */
  version(options?: CommandOptions): Promise<ManyResult<string>> {
    return this.#onEveryNode('version', readLine, options, (line) =>
      (line as string).slice('VERSION '.length),
    );
  }

  /**
   * The keys that the servers hold, one server after the other, in no order; with a `keyPrefix` those that have it, without
   * it. Meant for looking around: what is stored or dropped meanwhile may be missing or there.
   *
   * @param options `limit`: most keys; all of them without it.
   * @throws {UnsupportedError | ServerError} of a server that does not list its keys, when its turn comes.
   * @example for await (const key of client.keys({ limit: 100 })) console.log(key);
   */
  async *keys({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): AsyncGenerator<
    string,
    void,
    undefined
  > {
    if (Number.isNaN(limit) || limit < 0)
      throw new InvalidArgumentError('keys: limit: expected a number from 0');
    const prefix = Buffer.from(this.options.keyPrefix, 'utf8').toString('latin1');
    let left = limit;
    for (const { server } of this.cluster.nodes) {
      if (left <= 0) return;
      for await (const key of dumpKeys(server, this.options)) {
        if (!key.startsWith(prefix)) continue;
        yield Buffer.from(key.slice(prefix.length), 'latin1').toString('utf8');
        left -= 1;
        if (left <= 0) return;
      }
    }
  }

  /**
   * Drops every item of every server, other applications' too.
   *
   * @param options `delay`: when, from now; at once by default.
   */
  flushAll(options: CommandOptions & { delay?: Duration } = {}): Promise<ManyResult<boolean>> {
    const delay = options.delay === undefined ? 0 : Math.ceil(toMilliseconds(options.delay, 'delay') / 1000);
    const line = delay === 0 ? 'flush_all' : `flush_all ${toExptime(delay, Date.now() / 1000)}`;
    return this.#onEveryNode(line, readDone, options, (done) => done as boolean);
  }

  /** Sends a request to the server of its key. */
  protected send(request: Request, options: CommandOptions | undefined): Promise<unknown> {
    request.timeoutMs = this.options.commandTimeout;
    if (!commandChannel.hasSubscribers) return this.#send(request, options);
    const server = this.cluster.serverFor(request.routingKey)?.id ?? '';
    return traced(request, server, this.options.diagnosticKeys, () => this.#send(request, options));
  }

  /** Sends a request to one server. */
  protected sendTo(node: Node, request: Request, options: CommandOptions | undefined): Promise<unknown> {
    request.timeoutMs = this.options.commandTimeout;
    if (!commandChannel.hasSubscribers) return this.#sendTo(node, request, options);
    return traced(request, node.server.id, this.options.diagnosticKeys, () =>
      this.#sendTo(node, request, options),
    );
  }

  #send(request: Request, { signal, timeout }: CommandOptions = NO_OPTIONS): Promise<unknown> {
    if (timeout !== undefined) request.timeoutMs = atLeastOneMs(timeout);
    return signal === undefined
      ? this.#execute(request)
      : abortable(request, signal, () => this.#execute(request));
  }

  #execute(request: Request): Promise<unknown> {
    return request.owed ? this.cluster.executeOwed(request) : this.cluster.execute(request);
  }

  #sendTo(node: Node, request: Request, { signal, timeout }: CommandOptions = NO_OPTIONS): Promise<unknown> {
    if (timeout !== undefined) request.timeoutMs = atLeastOneMs(timeout);
    return signal === undefined
      ? this.cluster.executeOn(node, request)
      : abortable(request, signal, () => this.cluster.executeOn(node, request));
  }

  /** A ttl as memcached counts it; none never expires. */
  protected exptime(ttl: Duration | undefined): number {
    return ttl === undefined ? 0 : toExptime(toTtlSeconds(ttl), Date.now() / 1000);
  }

  async #onEveryNode<Value>(
    line: string,
    read: ReplyReader,
    options: CommandOptions | undefined,
    shape: (answer: unknown) => Value,
  ): Promise<ManyResult<Value>> {
    const result = new ManyResult<Value>();
    const ask = async (node: Node): Promise<void> => {
      const request = new Request('line', line, read);
      const server = node.server.id;
      try {
        result.set(server, shape(await this.sendTo(node, request, options)));
      } catch (error) {
        if (!(error instanceof MemcachedError)) throw error;
        result.failures.push({ server, keys: [], error });
      }
    };
    await Promise.all(this.cluster.nodes.map(ask));
    return result;
  }

  #setServers(servers: readonly ServerAddress[]): void {
    const change = this.cluster.setServers(servers);
    this.#warn();
    if (change.added.length === 0 && change.removed.length === 0) return;
    serversChannel.publish(change);
    this.emit('servers', change);
  }

  #warn(): void {
    for (const warning of this.cluster.warnings) process.emitWarning(warning, 'MemcachedWarning');
  }

  #tell(node: Node, previous: NodeState): void {
    const error = node.state === 'up' ? {} : { error: node.lastError };
    const event: NodeEvent = { server: node.server.id, state: node.state, previous, ...error };
    nodeChannel.publish(event);
    this.emit('node', event);
  }
}

/**
 * Sends a request that a signal can end. An aborted signal settles a request that is under way; its reply, should it come,
 * is thrown away. A signal that was aborted before lets nothing be sent.
 */
async function abortable(
  request: Request,
  signal: AbortSignal,
  execute: () => Promise<unknown>,
): Promise<unknown> {
  signal.throwIfAborted();
  const abort = (): void => request.fail(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await execute();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function atLeastOneMs(timeout: Duration): number {
  const milliseconds = toMilliseconds(timeout, 'timeout');
  if (milliseconds >= 1) return milliseconds;
  throw new InvalidArgumentError(
    `timeout: expected at least 1 ms, got ${milliseconds}; nothing waits without limit`,
  );
}
