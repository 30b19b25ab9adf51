import { isDeepStrictEqual } from 'node:util';
import { Connection } from '../connection/connection.js';
import type { ConnectionOwner } from '../connection/connection-owner.js';
import { NameLookups } from '../connection/name-lookups.js';
import { isBackendAway } from '../connection/negotiation.js';
import { ClientClosedError, ProtocolError, CommandTimeoutError, type MemcachedError } from '../errors.js';
import type { ClientSettings } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request } from '../protocol/request.js';
import { clearTimeout, setTimeout } from '../timers.js';
import * as errors from './node-errors.js';
import { OwedDelivery } from './owed-delivery.js';
import type { OwedInvalidations } from './owed-invalidations.js';
import { ProxySigns } from './proxy-signs.js';
import { RoundTrips, type Latency } from './round-trips.js';
import { unixMs } from '../unix-time.js';

/** So many connections in a row may end before they have answered anything; then the next one waits. */
const VAIN_CONNECTIONS = 3;

/** Our handle on one server: its connection, and whether it can be used. */
export class Node implements ConnectionOwner<Connection> {
  #server: ServerAddress;
  readonly #options: ClientSettings;
  readonly #observer: NodeObserver;
  readonly #lookups: NameLookups;
  readonly #owed: OwedInvalidations;
  readonly #delivery: OwedDelivery;
  readonly #roundTrips = new RoundTrips();
  #connection: Connection | undefined;
  #state: NodeState = 'up';
  #since = new Date(unixMs());
  #lastError: MemcachedError | undefined;
  #failures = 0;
  /** Commands fail at once: the last attempt to reach the server failed, or it has not answered in time. */
  #unreachable = false;
  #probeTimer: NodeJS.Timeout | undefined;
  #delay = 0;
  readonly #signs = new ProxySigns();
  /** Has been replaced, and answers what it was asked before. */
  #retired: Connection | undefined;
  /** How many connections have become ready. */
  #connections = 0;
  /** How many connections in a row have become ready and answered nothing, whatever they died of. */
  #vainConnections = 0;
  /** The connection that became ready last, it may be over. */
  #lastReady: Connection | undefined;
  /** Why it takes nothing more. */
  #end: 'closed' | 'taken out' | undefined;
  #ending: Promise<void> | undefined;
  /** Settles `close` when the last connection is gone. */
  #onGone: (() => void) | undefined;

  /** @param owed what the server is owed; outlives the node. */
  constructor(
    server: ServerAddress,
    options: ClientSettings,
    observer: NodeObserver,
    owed: OwedInvalidations,
    lookups = new NameLookups(),
  ) {
    this.#lookups = lookups;
    this.#server = server;
    this.#options = options;
    this.#observer = observer;
    this.#owed = owed;
    this.#delivery = new OwedDelivery(owed, options);
  }

  get server(): ServerAddress {
    return this.#server;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** When the state last changed. */
  get since(): Date {
    return this.#since;
  }

  /** Why the server was last unreachable, if it ever was. */
  get lastError(): MemcachedError | undefined {
    return this.#lastError;
  }

  /** Whether a command for this server has a chance. */
  get available(): boolean {
    return !this.#unreachable;
  }

  /** How long the server takes, as measured by our own requests; `undefined` before the first reply. */
  get latency(): Latency | undefined {
    return this.#roundTrips.summary();
  }

  onRoundTrip(milliseconds: number): void {
    this.#vainConnections = 0;
    this.#roundTrips.record(milliseconds);
  }

  /** How many invalidations the server is owed; `Infinity` when there were too many to remember each. */
  get owed(): number {
    return this.#owed.size;
  }

  /** Whether items have cas tokens: not if the server was started with `-C`; true until the first connection shows it. */
  get hasCas(): boolean {
    return this.#lastReady?.hasCas ?? true;
  }

  /** The dialect of the last connection; undefined before there was one. */
  get dialect(): 'meta' | 'classic' | undefined {
    return this.#lastReady?.dialect;
  }

  /** Whether it hangs up on what only servers know; a server that restarts at that moment is asked again some time later. */
  get isProxy(): boolean {
    return this.#signs.isProxy;
  }

  /** Sends a request; its outcome goes to the request itself. Opens the connection on first use. */
  send(request: Request): void {
    if (this.#end !== undefined || this.#unreachable) return request.fail(this.#awayError(request));
    if (this.#signs.any) {
      const refusal = this.#signs.refusal(request, this.server.id);
      if (refusal !== undefined) return request.fail(refusal);
      if (this.#signs.isToBeAsked && this.#retired === undefined) this.#renew();
    }
    const connection = this.#connected();
    if (!this.#owed.isEmpty) this.#delivery.ahead(request, connection);
    connection.push(request);
  }

  /** Sends what is part of a request that was answered: also while the node ends, for as long as its connection is there. */
  sendAlong(request: Request): void {
    if (this.#end === undefined || this.#connection === undefined) this.send(request);
    else this.#connection.push(request);
  }

  /** Takes another weight or name of the same server. @returns false for one that is reached by another connection. */
  adopt(server: ServerAddress): boolean {
    const { id, tls, credentials } = this.#server;
    const same =
      id === server.id &&
      isDeepStrictEqual(tls, server.tls) &&
      credentials?.payload === server.credentials?.payload;
    if (same) this.#server = server;
    return same;
  }

  /** Remembers an invalidation that may not have reached the server, and sends it once the server is back. */
  owe(request: Request): void {
    const { overflows } = this.#owed;
    this.#owed.add(request);
    if (this.#owed.overflows && !overflows) this.#delivery.warn(this.server.id);
    this.deliverOwed();
  }

  /** Delivers what the server is owed as soon as it can be reached. */
  deliverOwed(): void {
    if (this.#owed.isEmpty || this.#unreachable || this.#end !== undefined) return;
    const { ready } = this.#connected();
    this.#delivery.begin();
    if (ready) this.#delivery.lookThrough();
  }

  /** Resolves once the server has answered the negotiation, rejects if it cannot be reached. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const hello = this.#probe(() => resolve());
      hello.reject = (error) => {
        const failure = error as MemcachedError;
        if (isBackendAway(failure)) resolve();
        else reject(failure);
      };
      hello.timeoutMs = this.#options.connectTimeout + this.#options.commandTimeout;
      this.send(hello);
    });
  }

  /**
   * Waits for requests in flight and delivers what the server is owed, if it can be reached, up to the drain limit; rejects
   * the other requests, and leaves nothing open. A node that was taken out may still be at it when the client closes.
   *
   * @param end whether the client closes, or lives and has no place for the node in its list of servers.
   */
  close(end: 'closed' | 'taken out' = 'closed'): Promise<void> {
    this.#end = end;
    return (this.#ending ??= this.#drainAndClose());
  }

  async #drainAndClose(): Promise<void> {
    clearTimeout(this.#probeTimer);
    if (this.#options.drainTimeout > 0) await this.#drain();
    this.#retired?.close();
    this.#connection?.close();
    this.#delivery.close();
  }

  async #drain(): Promise<void> {
    const silent = this.#unreachable && this.#connection !== undefined;
    const delivered =
      this.#owed.unsent === 0 || silent ? undefined : (this.#connected(), this.#delivery.finish());
    if (this.#connection === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      this.#onGone = resolve;
      timer = setTimeout(resolve, this.#options.drainTimeout);
    });
    const drained = Promise.all([this.#connection.drained(), this.#retired?.drained(), delivered]);
    await Promise.race([drained, over]);
    clearTimeout(timer);
  }

  onReady(connection: Connection): readonly Request[] {
    this.#lastReady = connection;
    if (this.#end !== undefined) return this.#delivery.first(connection);
    this.#signs.onReady(connection);
    if (this.#vainConnections === 0) this.#delay = 0;
    this.#vainConnections += 1;
    // Before anybody is told that the server is back: what they send must not take its place.
    const owed = this.#delivery.first(connection);
    this.#succeeded();
    this.#connections += 1;
    if (this.#connections > 1) this.#observer.onReconnect(this);
    if (owed.length > 0) this.#observer.onOwedSent(this, owed.length + this.#owed.unsent);
    this.#delivery.lookThrough();
    return owed;
  }

  onRefused(connection: Connection, request: Request, reply: Reply): void {
    this.#signs.onRefused(connection, request, reply);
  }

  /** The server owes a reply: is it slow or gone? One more request on the same connection tells. */
  onOverdue(connection: Connection): void {
    if (this.#unreachable || connection !== this.#connection) return;
    const { id } = this.server;
    const { commandTimeout } = this.#options;
    this.#failed(
      new CommandTimeoutError(`${id}: no answer within ${commandTimeout} ms`, id, 'unknown', commandTimeout),
    );
    this.#unreachable = true;
    if (!connection.ready) return; // opening it is a probe already
    const probe = this.#probe(() => {
      this.#succeeded();
      this.deliverOwed();
    });
    const { reject } = probe;
    probe.reject = (error) =>
      isBackendAway(error) ? reject(error) : connection.close(error as MemcachedError);
    connection.push(probe);
  }

  onClosed(
    connection: Connection,
    error: MemcachedError | undefined,
    lost: Request[],
    unsent: Request[],
  ): void {
    const retired = connection === this.#retired;
    if (retired) {
      this.#retired = undefined;
    } else {
      this.#connection = undefined;
      this.#delivery.stop();
    }
    if (this.#end !== undefined) {
      if (!retired) this.#onGone?.();
      for (const request of [...lost, ...unsent]) request.fail(this.#endError(request, error));
      return;
    }
    if (connection.refusedMeta && this.#options.protocol === 'auto') {
      this.#signs.onRefusedMeta();
      for (const request of unsent) this.send(request);
      if (this.#connection === undefined) this.#connected();
      return;
    }
    const { wasReady } = connection;
    if (wasReady) this.#signs.onClosed(connection, error, lost);
    const idle = lost.length === 0 && unsent.length === 0;
    if (retired) {
      if (!idle) this.#reopen(error, lost, unsent);
      return;
    }
    if (wasReady && idle && !this.#unreachable) return;
    this.#failed(error);
    if (wasReady && !this.#unreachable && this.#vainConnections <= VAIN_CONNECTIONS)
      this.#reopen(error, lost, unsent);
    else this.#giveUp(error, lost, unsent);
  }

  /** A connection that was fine is gone. Another one is tried at once; what may be repeated goes with it. */
  #reopen(error: MemcachedError | undefined, lost: Request[], unsent: Request[]): void {
    this.#connected();
    for (const request of lost) {
      if (request.settled) continue;
      if (request.repeatable && !request.retried && !(error instanceof ProtocolError)) {
        request.renew();
        this.send(request);
      } else {
        request.fail(this.#lostError(request, error));
      }
    }
    for (const request of unsent) this.send(request);
  }

  /** The server cannot be reached: everything fails at once until a probe succeeds. */
  #giveUp(error: MemcachedError | undefined, lost: Request[], unsent: Request[]): void {
    this.#unreachable = true;
    const { min, max } = this.#options.reconnectDelay;
    this.#delay = Math.min(Math.max(this.#delay * 2, min), Math.max(min, max));
    const jittered = this.#delay * (1 - Math.random() / 4);
    this.#probeTimer = setTimeout(() => this.#connected(), jittered).unref();
    for (const request of lost) request.fail(this.#lostError(request, error));
    for (const request of unsent) request.fail(this.#awayError(request));
  }

  #connected(): Connection {
    return (this.#connection ??= new Connection(
      this.server,
      { ...this.#options, ...this.#signs.opening(this.#options.protocol), lookups: this.#lookups },
      this,
    ));
  }

  /** Has another connection take the place of the present one. */
  #renew(): void {
    const old = this.#connection;
    this.#connection = undefined;
    this.#retired = old;
    void old?.drained().then(() => old.close());
  }

  #awayError(request: Request): MemcachedError {
    return this.#end === undefined
      ? errors.unreachable(request, this.server.id, this.#state, this.#lastError)
      : this.#endError(request);
  }

  #endError(request: Request, cause?: MemcachedError): MemcachedError {
    if (this.#end === 'taken out') return errors.takenOut(request, this.server.id, cause);
    return new ClientClosedError(`${request.label}: the client was closed`, request.outcome);
  }

  #probe(onAnswer: () => void): Request {
    const probe = new Request('line', 'version', (reply: Reply) => reply.text);
    probe.timeoutMs = this.#options.commandTimeout;
    probe.resolve = onAnswer;
    // A proxy that asks one of its servers, which is away, is there itself.
    probe.reject = (error) => (isBackendAway(error) ? onAnswer() : undefined);
    return probe;
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#unreachable = false;
    this.#become('up');
  }

  #failed(error: MemcachedError | undefined): void {
    this.#failures += 1;
    this.#lastError = error;
    this.#become(this.#failures >= this.#options.failuresToDown ? 'down' : 'suspect');
  }

  #become(state: NodeState): void {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#since = new Date(unixMs());
    this.#observer.onState(this, previous);
  }

  #lostError(request: Request, cause: MemcachedError | undefined): MemcachedError {
    const refusal = cause instanceof ProtocolError ? undefined : this.#signs.refusal(request, this.server.id);
    return refusal ?? errors.lostRequest(request, this.server.id, cause);
  }
}

/**
 * How a server is doing.
 *
 * `up`: commands are sent. `suspect`: something went wrong and a probe is under way; `down`: probes fail, too.
 */
export type NodeState = 'up' | 'suspect' | 'down';

/** Told what happens to nodes. */
export interface NodeObserver {
  /** Its state has changed. */
  onState(node: Node, previous: NodeState): void;
  /** It has a new connection, after one was lost. */
  onReconnect(node: Node): void;
  /** So many invalidations that it was owed are on their way. */
  onOwedSent(node: Node, count: number): void;
}
