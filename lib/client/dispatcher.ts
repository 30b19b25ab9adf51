import type { Cluster } from '../cluster/cluster.js';
import type { Node } from '../cluster/node.js';
import { ClientClosedError, ConnectionError, OverloadError, CommandTimeoutError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { Request } from '../protocol/request.js';
import { AbortWatch } from '../abort-watch.js';
import { performance } from '../timers.js';
import { BatchClock } from './batch-clock.js';
import { signalOf, timeoutOf, type CommandOptions, type StrictOptions } from './command-options.js';
import {
  commandChannel,
  onlyStartsAndEndsAreHeard,
  publishAround,
  publishEndOf,
  traced,
} from './diagnostics.js';
import { checkOptions, type Command } from './known-options.js';
import { WaitingCalls } from './waiting-calls.js';
import { watchedEnds, WatchedCommand } from './watched-command.js';

/**
 * The one way of every command to its server. What holds for all of them is done here: none begins after `close()`, each
 * has its deadline from the call on and settles when its signal is aborted, whatever it waits for; while no server is
 * known it waits for the first list; it is traced; what is owed to a server that is away is remembered.
 */
export class Dispatcher {
  readonly #options: ResolvedClientOptions;
  readonly #cluster: Cluster;
  readonly #aborts = new AbortWatch();
  readonly #clock = new BatchClock();
  readonly #waiting = new WaitingCalls();
  readonly #closing = new AbortController();
  #serversKnown: boolean;
  /** Kept once there are servers. */
  readonly #firstServers: Promise<void>;
  #onFirstServers: () => void = () => undefined;
  readonly #waitingSince = performance.now();
  /** Why there is no server yet. */
  #discoveryError: Error | undefined;

  constructor(cluster: Cluster, options: ResolvedClientOptions) {
    this.#options = options;
    this.#cluster = cluster;
    this.#serversKnown = cluster.nodes.length > 0;
    this.#firstServers = new Promise((resolve) => (this.#onFirstServers = resolve));
  }

  /** Aborted by `close()`, with the error of whatever is under way then. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** The list of servers has been given or found. */
  serversAreKnown(): void {
    this.#serversKnown = true;
    this.#onFirstServers();
  }

  /** The list of servers could not be asked for. */
  discoveryFailed(error: Error): void {
    this.#discoveryError = error;
  }

  /** Whether a request is sent at once, and nobody listens to what it comes to. */
  get isUnheard(): boolean {
    return this.#serversKnown && !commandChannel.hasSubscribers && !watchedEnds.hasSubscribers;
  }

  /** Sends a request of which `isUnheard` has been asked. */
  sendUnheard(request: Request, node?: Node): Promise<unknown> {
    request.timeoutMs = this.#options.commandTimeout;
    return this.#execute(request, node);
  }

  /** Sends a request within the limits of a call: to the server of its key, or to the one that is named. */
  send(request: Request, options: StrictOptions | undefined, node?: Node): Promise<unknown> {
    if (options === undefined) {
      if (request.details.encoding === undefined && this.isUnheard) return this.sendUnheard(request, node);
      request.timeoutMs = this.#options.commandTimeout;
    } else {
      request.timeoutMs = this.#timeoutMs(options);
      if (options.signal !== undefined) request.ownDetails().signal = signalOf(options.signal);
      if (options.strict === true) this.#beStrict(request);
    }
    return this.forward(request, node);
  }

  /**
   * For a call that takes several requests: sends each of them in what is left of the call's time, or half of that time. The
   * time before may be this process's own, which had many other replies to read, and no server is to be blamed for it.
   */
  within(options: StrictOptions | undefined): (request: Request, node?: Node) => Promise<unknown> {
    const limitMs = this.#timeoutMs(options);
    const until = performance.now() + limitMs;
    const signal = options?.signal === undefined ? undefined : signalOf(options.signal);
    return (request, node) => {
      if (signal !== undefined) request.ownDetails().signal = signal;
      if (options?.strict === true) this.#beStrict(request);
      request.timeoutMs = Math.ceil(Math.max(limitMs / 2, until - performance.now()));
      return this.forward(request, node);
    };
  }

  /** Has nobody answer a request in its server's place: said only where somebody would, as few requests say more of themselves. */
  #beStrict(request: Request): void {
    if (this.#options.failover === 'miss') request.ownDetails().isStrict = true;
  }

  /** Sends a request that has its limits. */
  forward(request: Request, node?: Node): Promise<unknown> {
    const { owed } = request;
    const { signal, encoding } = request.details;
    // What is aborted beforehand is no command.
    if (!watchedEnds.hasSubscribers || signal?.aborted === true) return this.#forward(request, node);
    if (this.#serversKnown && !owed && signal === undefined && encoding === undefined) {
      request.watch = new WatchedCommand(request, this.#options, this.#clock, '');
      return this.#forward(request, node);
    }
    // It may fail unsent, or be owed: that its promise is told alone.
    const to = node ?? this.#cluster.nodeFor(request.routingKey);
    const watched = new WatchedCommand(request, this.#options, this.#clock, to?.server.id ?? '');
    return watched.await(this.#forward(request, node));
  }

  #forward(request: Request, node: Node | undefined): Promise<unknown> {
    const ready = this.#serversKnown && request.details.encoding === undefined;
    if (ready && request.details.signal === undefined) {
      if (!commandChannel.hasSubscribers) return this.#execute(request, node);
      if (onlyStartsAndEndsAreHeard()) return this.#published(request, node);
    }
    return this.#watched(request, ready, node);
  }

  /**
   * Checks a call's options, and waits until servers are known.
   *
   * @param command how errors call it, too.
   * @returns what is left of the call's limits by then.
   */
  async ready<Options extends CommandOptions>(
    command: Command,
    options: Options | undefined,
  ): Promise<Options | undefined> {
    if (options !== undefined) checkOptions(command, options);
    const timeoutMs = this.#timeoutMs(options);
    if (this.#serversKnown && options?.signal === undefined) {
      this.refuseAfterClose();
      return options;
    }
    const begun = performance.now();
    const wait = (): Promise<void> => this.#servers(command, timeoutMs);
    if (options?.signal === undefined) await wait();
    else await this.#aborts.until(signalOf(options.signal), wait, () => undefined);
    return {
      ...options,
      timeout: Math.max(1, Math.ceil(timeoutMs - (performance.now() - begun))),
    } as Options;
  }

  /** The node that takes commands for a key now; `undefined` when none can. */
  nodeFor(fullKey: string): Node | undefined {
    return this.#cluster.nodeFor(fullKey);
  }

  /** The nodes that take commands for keys now, in the same order. */
  nodesFor(fullKeys: readonly string[]): (Node | undefined)[] {
    return this.#cluster.nodesFor(fullKeys);
  }

  /** Connects to every server. */
  async connect(): Promise<void> {
    const { connectTimeout, commandTimeout } = this.#options;
    await this.#servers('connect', connectTimeout + commandTimeout);
    await this.#cluster.connect();
  }

  /** @throws {ClientClosedError} once the client is closed. */
  refuseAfterClose(): void {
    if (this.closed.aborted) throw new ClientClosedError('the client is closed');
  }

  async close(): Promise<void> {
    this.#closing.abort(new ClientClosedError('the client was closed'));
    this.#waiting.close();
    await this.#cluster.close();
  }

  #timeoutMs(options: CommandOptions | undefined): number {
    const timeout = options?.timeout;
    return timeout === undefined ? this.#options.commandTimeout : timeoutOf(timeout);
  }

  #execute(request: Request, node: Node | undefined): Promise<unknown> {
    if (node !== undefined) return this.#cluster.executeOn(node, request);
    return request.owed ? this.#cluster.executeOwed(request) : this.#cluster.execute(request);
  }

  #published(request: Request, node: Node | undefined): Promise<unknown> {
    if (!commandChannel.start.hasSubscribers) {
      const begun = performance.now();
      return publishEndOf(
        undefined,
        request,
        this.#options,
        this.#clock,
        begun,
        this.#execute(request, node),
      );
    }
    const at = node ?? this.#cluster.nodeFor(request.routingKey);
    // Looked for once, where whoever is asked for the server of a key is the one who gets the command.
    const to = request.owed || this.#options.failover === 'next' ? node : at;
    return publishAround(request, at?.server.id ?? '', this.#options, this.#clock, () =>
      this.#execute(request, to),
    );
  }

  #watched(request: Request, ready: boolean, node: Node | undefined): Promise<unknown> {
    const { signal } = request.details;
    const send = (): Promise<unknown> =>
      ready ? this.#execute(request, node) : this.#executeLater(request, node);
    const answered = (): Promise<unknown> => {
      if (!commandChannel.hasSubscribers) return send();
      const at = node ?? this.#cluster.nodeFor(request.routingKey);
      return traced(request, at?.server.id ?? '', this.#options, send);
    };
    return signal === undefined
      ? answered()
      : this.#aborts.until(signal, answered, (reason) => request.fail(reason));
  }

  /** Waits for what a request needs before it can be sent. The wait is part of the time it has. */
  async #executeLater(request: Request, node: Node | undefined): Promise<unknown> {
    const { timeoutMs, label } = request;
    const { encoding } = request.details;
    const begun = performance.now();
    if (encoding !== undefined) {
      const tooLong = (): Error => late(label, 'the codec was not done', timeoutMs);
      await (this.closed.aborted ? encoding : this.#waiting.until(encoding, timeoutMs, tooLong));
      request.ownDetails().encoding = undefined;
    }
    try {
      await this.#servers(label, timeoutMs - (performance.now() - begun));
    } catch (error) {
      // An invalidation is owed to whatever server its key will have.
      if (!request.owed || this.closed.aborted) throw error;
    }
    request.details.signal?.throwIfAborted();
    request.timeoutMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - begun)));
    return this.#execute(request, node);
  }

  /** Resolves once servers are known, rejects when that takes too long. */
  async #servers(label: string, timeoutMs: number): Promise<void> {
    this.refuseAfterClose();
    if (this.#serversKnown) return;
    const { connectTimeout, commandTimeout, maxInFlight } = this.#options;
    // As with a server that is away, the first calls wait, and the others are not held up by what does not come.
    const patienceMs = Math.max(connectTimeout + commandTimeout, timeoutMs);
    if (performance.now() - this.#waitingSince > patienceMs) throw this.#noServer(label);
    if (this.#waiting.size >= maxInFlight) {
      throw new OverloadError(
        `${label}: ${maxInFlight} calls wait for the first server, the limit (option maxInFlight)`,
        '',
      );
    }
    await this.#waiting.until(this.#firstServers, timeoutMs, () =>
      this.#discoveryError === undefined
        ? late(label, 'discovery found no server', timeoutMs)
        : this.#noServer(label),
    );
  }

  #noServer(label: string): ConnectionError {
    const cause = this.#discoveryError;
    const why = cause === undefined ? 'it has not answered' : cause.message;
    const message = `${label}: discovery has found no server so far (${why})`;
    return new ConnectionError(message, '', 'not-sent', { cause });
  }
}

function late(label: string, what: string, timeoutMs: number): CommandTimeoutError {
  const ms = Math.round(timeoutMs);
  return new CommandTimeoutError(`${label}: ${what} within ${ms} ms`, '', 'not-sent', ms);
}
