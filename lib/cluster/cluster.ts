import { NameLookups } from '../connection/name-lookups.js';
import { ConnectionError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Request } from '../protocol/request.js';
import { setImmediate } from '../timers.js';
import { isAwayError, isOwedAfter } from './away-errors.js';
import { readDistribution } from './distribution/distribution.js';
import type { Placement } from './distribution/placement.js';
import { DepartedServers } from './departed-servers.js';
import { EpochBumps } from './epoch-bumps.js';
import type { EpochNames } from './epoch-names.js';
import { Node, type NodeObserver } from './node.js';
import { OwedInvalidations, repeated } from './owed-invalidations.js';

/** A longer list is not arranged in one turn of the event loop, in which nothing else is done. */
const AT_ONCE = 50;

/** All servers of the client: sends each request to the server its key belongs to, or where failover says. */
export class Cluster {
  readonly #options: ResolvedClientOptions;
  readonly #observer: NodeObserver;
  readonly #epochs: EpochNames;
  readonly #onMove: (() => void)[] = [];
  readonly #onDelivered: (() => void)[] = [];
  readonly #placeAmong: (servers: readonly ServerAddress[]) => Placement;
  #placement: Placement;
  #nodes: readonly Node[];
  /** By server; what one is owed outlives its place in the list. */
  readonly #owed = new Map<string, OwedInvalidations>();
  readonly #departed: DepartedServers;
  readonly #lookups = new NameLookups();
  /** Invalidations that came before any server was known. */
  readonly #homeless: Request[] = [];
  /** Nodes that were taken out and still answer what was in flight. */
  readonly #leaving = new Set<Node>();
  /** Commands that failover `miss` answered in place of a server. */
  missesByFailover = 0;

  /** @param epochs what the items are called by which near caches are told of changes. */
  constructor(options: ResolvedClientOptions, observer: NodeObserver, epochs: EpochNames) {
    this.#options = options;
    this.#observer = observer;
    this.#epochs = epochs;
    this.#placeAmong = readDistribution(options.distribution);
    this.#placement = this.#placeAmong(options.servers);
    this.#departed = new DepartedServers((server) => this.#owedTo(server));
    this.#nodes = options.servers.map((server) => this.#newNode(server));
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /**
   * Prepares to arrange a long list of servers, some of them in each turn of the event loop; what is left to do for the
   * whole list takes a tenth of it. Not needed before `setServers`.
   *
   * @returns nothing where there is nothing to prepare.
   */
  prepare(servers: readonly ServerAddress[]): Promise<void> | undefined {
    return servers.length <= AT_ONCE || this.#isPresent(servers) ? undefined : this.#prepare(servers);
  }

  async #prepare(servers: readonly ServerAddress[]): Promise<void> {
    for (let from = 0; from < servers.length; from += AT_ONCE) {
      // What hashing a server's labels came to is remembered.
      this.#placeAmong(servers.slice(from, from + AT_ONCE));
      await new Promise((resolve) => void setImmediate(resolve));
    }
  }

  /**
   * Puts another list of servers in place of the present one. Servers that stay keep their connection and what they are
   * owed; those that leave answer what is in flight.
   *
   * @returns the ids of servers that came and went.
   */
  setServers(servers: readonly ServerAddress[]): { added: readonly string[]; removed: readonly string[] } {
    if (this.#isPresent(servers)) return { added: [], removed: [] };
    const placement = this.#placeAmong(servers);
    const present = new Map(this.#nodes.map((node) => [node.server.id, node]));
    const nodes = servers.map((server) => {
      const node = present.get(server.id);
      if (node === undefined || !node.adopt(server)) return this.#newNode(server);
      present.delete(server.id);
      return node;
    });
    const before = new Set(this.#nodes);
    this.#departed.change(this.#placement, this.#nodes, nodes);
    this.#placement = placement;
    this.#nodes = nodes;
    for (const request of this.#homeless.splice(0)) this.#ownerOf(request.routingKey)?.owe(request);
    for (const node of nodes) if (!before.has(node)) node.deliverOwed();
    for (const tell of this.#onMove) tell();
    const listed = new Set(nodes.map(({ server }) => server.id));
    for (const id of this.#owed.keys()) {
      if (!listed.has(id) && !this.#departed.has(id)) this.#owed.delete(id);
    }
    for (const node of present.values()) {
      this.#leaving.add(node);
      void node.close('taken out').then(() => {
        this.#leaving.delete(node);
        // What it could not deliver, where the server is back or reached in another way.
        this.#present(node)?.deliverOwed();
      });
    }
    return {
      added: nodes.filter((node) => !before.has(node)).map((node) => node.server.id),
      removed: [...present.keys()],
    };
  }

  /** Tells whenever keys may have got other servers, be it by a weight or the order of the servers alone. */
  onMove(listener: () => void): void {
    this.#onMove.push(listener);
  }

  /** Tells of each invalidation that was owed to a server and has been delivered, once its epoch is bumped. */
  onDelivered(listener: () => void): void {
    this.#onDelivered.push(listener);
  }

  /** The nodes' weights as the distribution counts them, in the same order. */
  get weights(): readonly number[] {
    return this.#placement.weights;
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
        : this.#placement.indexWithout(key, (candidate) => down.includes(this.#nodes[candidate].server.id));
    return this.#nodes[index]?.server;
  }

  /** The node that takes commands for a key now; `undefined` when none can. */
  nodeFor(key: string): Node | undefined {
    const node = this.#nodes[this.#placement.indexFor(key)];
    if (this.#options.failover !== 'next' || node?.available === true) return node;
    return this.#nodes[this.#placement.indexWithout(key, (index) => !this.#nodes[index].available)] ?? node;
  }

  /** The nodes that take commands for keys now, in the same order. */
  nodesFor(keys: readonly string[]): (Node | undefined)[] {
    if (this.#options.failover === 'next') return keys.map((key) => this.nodeFor(key));
    const [nodes, placement] = [this.#nodes, this.#placement];
    return keys.map((key) => nodes[placement.indexFor(key)]);
  }

  /** Sends a request to the server its routing key belongs to. */
  execute(request: Request): Promise<unknown> {
    const promise = promised(request);
    const { failover } = this.#options;
    if (failover === 'next' || (failover === 'miss' && mayMiss(request))) {
      const { reject } = request;
      request.reject = (error) => this.#failOver(request, error, reject);
    }
    this.#dispatch(request);
    return promise;
  }

  /**
   * Sends an invalidation to the server its routing key belongs to. If that is away, it is remembered and sent before the
   * server is read from again; under failover `next`, the server that stands in gets it as well, and so does, at any time, the
   * one that stands in while the key's own alone is away, which may have kept something from then.
   *
   * @returns the request's result; that of the server that stands in where it is owed, or its `missResult`.
   */
  executeOwed(request: Request): Promise<unknown> {
    this.#departed.owe(request);
    const owner = this.#ownerOf(request.routingKey);
    if (
      owner === undefined &&
      this.#nodes.length === 0 &&
      this.#homeless.length < this.#options.maxOwedDeletes
    ) {
      this.#homeless.push(repeated(request));
      return Promise.resolve(request.missResult);
    }
    if (owner === undefined) return this.execute(request);
    const bumps = this.#bumpsOf(owner);
    const standIn = this.#invalidateStandIn(request, owner);
    const promise = promised(request);
    const { resolve } = request;
    const owed = (error: unknown): Promise<unknown> => this.#oweAfter(owner, request, error, standIn);
    request.resolve = (result) => resolve(afterBump(request, bumps, result, owed));
    request.reject = (error) => resolve(owed(error));
    owner.send(request);
    bumps?.ask();
    return standIn === undefined
      ? promise
      : Promise.all([promise, standIn.outcome]).then(([result]) => result);
  }

  /**
   * Tells near caches that a key has changed by something else than an invalidation; what cannot be told now is owed.
   *
   * @returns undefined where nobody is to be told of it; rejects where the client is closed before they are.
   */
  bumpEpoch(key: string, wireKey: string): Promise<void> | undefined {
    const owner = this.#ownerOf(key);
    const bumps = owner && this.#bumpsOf(owner);
    return bumps?.bump(wireKey)?.catch((error: unknown) => {
      if (!isOwedAfter(error)) throw error;
      (this.#present(owner!) ?? owner!).owe(bumps.requestFor(wireKey));
    });
  }

  /** Asks whether near caches will have to be told of what is about to change. */
  askForMark(key: string): void {
    const owner = this.#ownerOf(key);
    if (owner !== undefined) this.#bumpsOf(owner)?.ask();
  }

  /** What an invalidation comes to that has failed. */
  async #oweAfter(owner: Node, request: Request, error: unknown, standIn?: StandIn): Promise<unknown> {
    // A node that is failing its requests is left to come to the end of that.
    await Promise.resolve();
    if (!isOwedAfter(error)) throw error;
    const present = this.#present(owner);
    (present ?? owner).owe(repeated(request));
    if (this.#options.failover !== 'next' || present?.available === true) return request.missResult;
    const acting = this.nodeFor(request.routingKey);
    if (acting === undefined || acting === present) return request.missResult;
    if (acting === standIn?.node) return standIn.outcome;
    return this.#invalidateOn(acting, repeated(request, acting.dialect === 'meta' ? request.kind : 'delete'));
  }

  /** Deletes what the server that stands in for a key's own may hold, unless it stands in now, and is told in its place. */
  #invalidateStandIn(request: Request, owner: Node): StandIn | undefined {
    if (this.#options.failover !== 'next') return undefined;
    const { routingKey } = request;
    const index = this.#placement.indexWithout(routingKey, (candidate) => this.#nodes[candidate] === owner);
    const node = this.#nodes[index] as Node | undefined;
    if (node === undefined || node === this.nodeFor(routingKey)) return undefined;
    return { node, outcome: this.#invalidateOn(node, repeated(request, 'delete')) };
  }

  /** Invalidates on a server that is not the key's own. What cannot be done now is owed to it as well. */
  #invalidateOn(node: Node, request: Request): Promise<unknown> {
    const promise = promised(request);
    request.reject = (error) => {
      if (isOwedAfter(error)) (this.#present(node) ?? node).owe(repeated(request));
      request.resolve(request.missResult);
    };
    node.send(request);
    return promise;
  }

  /** The node by which a node's server is reached now; `undefined` once that has left the list. */
  #present(node: Node): Node | undefined {
    const { id } = node.server;
    return this.#nodes.find(({ server }) => server.id === id);
  }

  /** Whether a list is the present one, so that nothing has to be arranged anew. */
  #isPresent(servers: readonly ServerAddress[]): boolean {
    return (
      servers.length === this.#nodes.length &&
      servers.every(({ weight, name }, index) => {
        const { server } = this.#nodes[index];
        return server.weight === weight && server.name === name && this.#nodes[index].adopt(servers[index]);
      })
    );
  }

  #ownerOf(key: string): Node | undefined {
    return this.#nodes[this.#placement.indexFor(key)];
  }

  #newNode(server: ServerAddress): Node {
    const owed = this.#owedTo(server.id);
    const node = new Node(server, this.#options, this.#observer, owed, this.#lookups);
    owed.bumps = new EpochBumps(node, this.#epochs, this.#options.commandTimeout);
    return node;
  }

  #bumpsOf(node: Node): EpochBumps | undefined {
    return this.#owed.get(node.server.id)?.bumps;
  }

  #owedTo(server: string): OwedInvalidations {
    let owed = this.#owed.get(server);
    if (owed !== undefined) return owed;
    owed = new OwedInvalidations(this.#options.maxOwedDeletes, () => {
      for (const tell of this.#onDelivered) tell();
    });
    this.#owed.set(server, owed);
    return owed;
  }

  /** Sends a request to one server, whatever its key; failover `miss` applies where it asks for keys, `next` does not. */
  executeOn(node: Node, request: Request): Promise<unknown> {
    const promise = promised(request);
    if (this.#options.failover === 'miss' && mayMiss(request)) {
      const { reject } = request;
      request.reject = (error) => this.#miss(request, error, reject);
    }
    node.send(request);
    return promise;
  }

  async connect(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.connect()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes, ...this.#leaving].map((node) => node.close()));
    for (const { server, owed } of this.#nodes) if (owed > 0) warnOfOwed(server.id, owed);
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
      reject.call(request, error);
    }
  }

  #miss(request: Request, error: unknown, reject: (error: unknown) => void): void {
    if (!isAwayError(error)) {
      reject.call(request, error);
      return;
    }
    this.missesByFailover += 1;
    const { asker, missResult } = request;
    request.resolve(asker === undefined ? missResult : asker.found(missResult));
  }
}

/** A server that stands in for another, and what an invalidation that was sent there comes to. */
interface StandIn {
  readonly node: Node;
  readonly outcome: Promise<unknown>;
}

/** The promise of a request's outcome. Nothing else is done in its executor, so that the compiler can do without one. */
function promised(request: Request): Promise<unknown> {
  const promise = new Promise((resolve, reject) => {
    request.resolve = resolve;
    request.reject = request.asker === undefined ? reject : failAsker;
  });
  request.watch?.attach();
  return promise;
}

/** Whether failover `miss` may answer it: of a server, only that server can tell. */
function mayMiss({ kind, details }: Request): boolean {
  return kind !== 'line' && !details.isStrict;
}

/** What an invalidation comes to, once near caches have been told of it, where there are any. */
function afterBump(
  request: Request,
  bumps: EpochBumps | undefined,
  result: unknown,
  owed: (error: unknown) => Promise<unknown>,
): unknown {
  // Of several commands in the classic dialect.
  if (result instanceof Promise) return result.then((done) => afterBump(request, bumps, done, owed), owed);
  return bumps?.bump(request.key)?.then(() => result, owed) ?? result;
}

/** Called as a method of its request. */
function failAsker(this: Request, error: unknown): void {
  this.resolve(this.asker!.failed(error));
}

function warnOfOwed(server: string, owed: number): void {
  const count =
    owed === Number.POSITIVE_INFINITY ? 'more invalidations than it could remember' : `${owed} invalidations`;
  process.emitWarning(
    `closed while ${server}, which could not be reached, was owed ${count}: their old values last until their ttl`,
    'MemcachedWarning',
  );
}
