import type { EventEmitter } from 'node:events';
import { Cluster } from '../cluster/cluster.js';
import { Discovery } from '../cluster/discovery.js';
import { EpochNames } from '../cluster/epoch-names.js';
import type { Node, NodeObserver, NodeState } from '../cluster/node.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import { readServers, type ServerAddress, type ServersOption } from '../options/server-options.js';
import { nodeChannel, owedChannel, reconnectChannel, serversChannel } from './diagnostics.js';
import { Dispatcher } from './dispatcher.js';
import { encodeUnusualKey } from './key-encoder.js';
import type { ClientEvents, NodeEvent } from './events.js';

/** The servers of a client, given or found, and who is told of what becomes of them. */
export class ServerList {
  readonly cluster: Cluster;
  readonly dispatcher: Dispatcher;
  /** What the items are called by which near caches are told of changes. */
  readonly epochNames: EpochNames;
  readonly #listeners: EventEmitter<ClientEvents>;
  readonly #instance: string;
  readonly #discovery: Discovery | undefined;
  /** The list that was given or found last. */
  #latest: readonly ServerAddress[] = [];

  constructor(options: ResolvedClientOptions, listeners: EventEmitter<ClientEvents>) {
    const { instance } = options;
    this.#instance = instance;
    this.#listeners = listeners;
    this.epochNames = new EpochNames((name) => encodeUnusualKey(options.keyPrefix + name, 'encode'));
    const observer: NodeObserver = {
      onState: (node, previous) => this.#tell(node, previous),
      onReconnect: ({ server }) => reconnectChannel.publish({ server: server.id, instance }),
      onOwedSent: ({ server }, count) => owedChannel.publish({ server: server.id, count, instance }),
    };
    this.cluster = new Cluster(options, observer, this.epochNames);
    this.dispatcher = new Dispatcher(this.cluster, options);
    this.#warn();
    if (options.discovery === undefined) return;
    this.#discovery = new Discovery(options.discovery, options, {
      onServers: (found) => this.#take(found),
      onFailure: (error) => this.#failed(error),
    });
    void this.#discovery.run();
  }

  /** @throws {InvalidOptionsError} with the path of the wrong part; the present list stays. */
  set(servers: ServersOption): void {
    this.dispatcher.refuseAfterClose();
    this.#take(readServers(servers, 'servers'));
  }

  close(): Promise<void> {
    this.#discovery?.close();
    return this.dispatcher.close();
  }

  /** Puts a list in place: now, or once it is prepared, unless another comes first. */
  #take(servers: readonly ServerAddress[]): void {
    this.#latest = servers;
    const prepared = this.cluster.prepare(servers);
    if (prepared === undefined) this.#put(servers);
    else void this.#putWhen(prepared, servers);
  }

  async #putWhen(prepared: Promise<void>, servers: readonly ServerAddress[]): Promise<void> {
    try {
      await prepared;
      if (this.#latest === servers && !this.dispatcher.closed.aborted) this.#put(servers);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #failed(error: Error): void {
    this.dispatcher.discoveryFailed(error);
    this.#listeners.emit('discoveryFailed', error);
  }

  #put(servers: readonly ServerAddress[]): void {
    const change = this.cluster.setServers(servers);
    this.#warn();
    this.dispatcher.serversAreKnown();
    if (change.added.length === 0 && change.removed.length === 0) return;
    serversChannel.publish({ ...change, instance: this.#instance });
    this.#listeners.emit('servers', change);
  }

  #warn(): void {
    for (const warning of this.cluster.warnings) process.emitWarning(warning, 'MemcachedWarning');
  }

  #tell(node: Node, previous: NodeState): void {
    const error = node.state === 'up' ? {} : { error: node.lastError };
    const event: NodeEvent = { server: node.server.id, state: node.state, previous, ...error };
    nodeChannel.publish({ ...event, instance: this.#instance });
    this.#listeners.emit('node', event);
  }
}
