import { ConnectionError, OverloadError, ProtocolError, TimeoutError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Request } from '../protocol/request.js';
import { createPlacement, type DistributionOption } from './distribution/distribution.js';
import type { Placement } from './distribution/placement.js';
import { Node, type NodeObserver } from './node.js';

/** All servers of the client: sends each request to the server its key belongs to, or where failover says. */
export class Cluster {
  readonly #options: ResolvedClientOptions;
  readonly #placement: Placement;
  readonly nodes: readonly Node[];
  /** Commands that failover `miss` answered in place of a server. */
  missesByFailover = 0;

  constructor(options: ResolvedClientOptions, observe: NodeObserver) {
    this.#options = options;
    this.#placement = createPlacement(options.distribution as DistributionOption, options.servers);
    this.nodes = options.servers.map((server) => new Node(server, options, observe));
  }

  /** What the distribution has to say about the servers, such as a weight that gets no key. */
  get warnings(): readonly string[] {
    return this.#placement.warnings;
  }

  /**
   * The server a key belongs to, without asking the network.
   *
   * @param down ids of servers to be taken as out, under failover `next`.
   * @returns `undefined` when no server can take the key.
   */
  serverFor(key: string, down: readonly string[] = []): ServerAddress | undefined {
    const index =
      down.length === 0
        ? this.#placement.indexFor(key)
        : this.#placement.indexWithout(key, (candidate) => down.includes(this.nodes[candidate].server.id));
    return this.nodes[index]?.server;
  }

  /** The node that takes commands for a key now; `undefined` when none can. */
  nodeFor(key: string): Node | undefined {
    const node = this.nodes[this.#placement.indexFor(key)];
    if (this.#options.failover !== 'next' || node?.available === true) return node;
    return this.nodes[this.#placement.indexWithout(key, (index) => !this.nodes[index].available)] ?? node;
  }

  /** Sends a request to the server its routing key belongs to. */
  execute(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject =
        this.#options.failover === 'error' ? reject : (error) => this.#failOver(request, error, reject);
      this.#dispatch(request);
    });
  }

  /** Sends a request to one server, whatever its key; failover `miss` applies, `next` does not. */
  executeOn(node: Node, request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject =
        this.#options.failover === 'miss' ? (error) => this.#miss(request, error, reject) : reject;
      node.send(request);
    });
  }

  /**
   * Splits keys by the node that takes them now.
   *
   * @returns positions in `keys` by node; under `undefined` those no server can take.
   */
  split(keys: readonly string[]): Map<Node | undefined, number[]> {
    const parts = new Map<Node | undefined, number[]>();
    keys.forEach((key, index) => {
      const node = this.nodeFor(key);
      const part = parts.get(node);
      if (part === undefined) parts.set(node, [index]);
      else part.push(index);
    });
    return parts;
  }

  async connect(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.connect()));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  #dispatch(request: Request): void {
    const node = this.nodeFor(request.routingKey);
    if (node !== undefined) node.send(request);
    else request.fail(new ConnectionError(`${request.label}: no server can take this key`, '', 'not-sent'));
  }

  #failOver(request: Request, error: unknown, reject: (error: unknown) => void): void {
    if (this.#options.failover === 'miss') {
      this.#miss(request, error, reject);
      return;
    }
    const again = error instanceof ConnectionError && (error.outcome === 'not-sent' || request.repeatable);
    if (again && this.nodeFor(request.routingKey)?.available === true) {
      request.renew();
      this.#dispatch(request);
    } else {
      reject(error);
    }
  }

  #miss(request: Request, error: unknown, reject: (error: unknown) => void): void {
    const away =
      error instanceof ConnectionError ||
      error instanceof TimeoutError ||
      error instanceof ProtocolError ||
      error instanceof OverloadError;
    if (!away) {
      reject(error);
      return;
    }
    this.missesByFailover += 1;
    request.resolve(request.missResult);
  }
}
