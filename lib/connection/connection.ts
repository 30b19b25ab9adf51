import type { Socket } from 'node:net';
import { ClientClosedError, MemcachedError, ServerError } from '../errors.js';
import type { ServerAddress } from '../options/server-options.js';
import { encodeClassic } from '../protocol/classic.js';
import { encodeMeta } from '../protocol/meta.js';
import { Opaques } from '../protocol/opaques.js';
import { answers, isRefusal } from '../protocol/pairing.js';
import type { Reply } from '../protocol/reply.js';
import { ReplyParser } from '../protocol/reply-parser.js';
import { type Peer, Request } from '../protocol/request.js';
import { performance, setImmediate } from '../timers.js';
import { Admission } from './admission.js';
import { ClassicWindow } from './classic-window.js';
import * as errors from './connection-errors.js';
import type { ConnectionOwner } from './connection-owner.js';
import { HIGH_WATER_BYTES, STATS_MS, type ConnectionSettings } from './connection-settings.js';
import { Deadlines, type Timed } from './deadlines.js';
import { ItemLimit } from './item-limit.js';
import { negotiate, NOT_AGREED, type Agreement, type Dialect } from './negotiation.js';
import { RequestQueue } from './request-queue.js';
import type { ServerVersion } from './server-version.js';
import { endSocket, openSocket, peerOf } from './socket.js';
import { WriteBatch } from './write-batch.js';

/**
 * One socket to one server: opens, negotiates, writes what one turn of the event loop asks for in one write, pairs the
 * replies with the requests and checks each pairing, and keeps the deadlines.
 *
 * A reply that does not fit its request ends the connection; no value is handed out on a doubt.
 */
export class Connection {
  readonly server: ServerAddress;
  readonly #settings: ConnectionSettings;
  readonly #owner: ConnectionOwner<Connection>;
  readonly #socket: Socket;
  #peer: Peer | undefined;
  readonly #parser: ReplyParser;
  readonly #batch = new WriteBatch();
  /** Written, or in the batch, in the order their replies must come. Settled ones among them are tombstones. */
  readonly #pending = new RequestQueue();
  /** Not written: the connection is not ready, or the kernel does not take more. */
  readonly #waiting = new RequestQueue();
  readonly #deadlines = new Deadlines(
    (now) => this.#expire(now),
    () => this.#wake(),
  );
  readonly #limit: ItemLimit;
  readonly #admission: Admission;
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #opening: Timed;
  #agreement = NOT_AGREED;
  #step: 'begins' | 'asks for meta' | 'has meta' = 'begins';
  #refusedMeta = false;
  readonly #window: ClassicWindow;
  readonly #opaques = Opaques.random();
  /** The request whose round trip is being measured: the first of its write. */
  #measured: Request | undefined;
  #measuredSince = 0;
  #flushScheduled = false;
  #onDrained: (() => void) | undefined;

  constructor(server: ServerAddress, settings: ConnectionSettings, owner: ConnectionOwner<Connection>) {
    this.server = server;
    this.#settings = settings;
    this.#owner = owner;
    this.#window = new ClassicWindow(settings.agreed !== undefined);
    this.#admission = new Admission(server.id, settings.maxInFlight, settings.maxQueuedBytes);
    this.#limit = new ItemLimit(server.id, settings.maxValueBytes);
    this.#parser = new ReplyParser((reply) => this.#pair(reply), this.#opaques.prefix);
    this.#socket = openSocket(server, settings, () => void this.#negotiate());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('drain', () => {
      if (this.#waiting.length > 0) this.#deadlines.taken();
      this.#writeWaiting();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lose(error));
    this.#socket.on('end', () => this.#lose());
    this.#socket.on('close', () => this.#lose());
    this.#opening = { timeoutMs: settings.connectTimeout, deadline: 0 };
    this.#deadlines.begin(this.#opening, false);
  }

  get ready(): boolean {
    return this.#state !== 'closed' && this.wasReady;
  }

  /** Whether both sides have agreed, though it may be over by now. */
  get wasReady(): boolean {
    return this.#agreement !== NOT_AGREED;
  }

  get agreement(): Agreement {
    return this.#agreement;
  }

  /** The dialect agreed on; `meta` until then. */
  get dialect(): Dialect {
    return this.#agreement.dialect;
  }

  get version(): ServerVersion {
    return this.#agreement.version;
  }

  /** Whether items have cas tokens; learned from the first that says otherwise where the server was not asked. */
  get hasCas(): boolean {
    return this.#agreement.hasCas;
  }

  /** The other end; undefined over a unix socket, and before the connection is open. */
  get peer(): Peer | undefined {
    return (this.#peer ??= peerOf(this.#socket));
  }

  /** Whether the server hung up or refused when it was asked for the meta dialect, as a proxy does that knows none. */
  get refusedMeta(): boolean {
    return this.#refusedMeta;
  }

  /**
   * Sends a request, at the latest at the end of this turn of the event loop; its outcome goes to the request itself.
   * Before the connection is ready, requests wait for it, each up to its own deadline.
   */
  push(request: Request): void {
    request.carrier = this;
    // What is pending before it is open is the connection's own.
    const onWire = this.#state === 'opening' ? 0 : this.#pending.length;
    const refusal =
      this.#state === 'closed'
        ? errors.lost(this.server.id, true)
        : this.#admission.admit(request, onWire + this.#waiting.length);
    if (refusal !== undefined) return request.fail(refusal);
    this.#deadlines.begin(request, this.#flushScheduled);
    if (this.#state === 'opening' || this.#waiting.length > 0 || !this.#canWrite(request))
      this.#waiting.push(request);
    else this.#write(request);
  }

  /** Resolves once nobody waits for an answer any more, or asks for something else because of the last. */
  async drained(): Promise<void> {
    while (this.#state !== 'closed' && this.#isAwaited()) {
      await new Promise<void>((resolve) => (this.#onDrained = resolve));
      await new Promise((resolve) => void setImmediate(resolve));
    }
  }

  /** Stops reading, or goes on: the kernel keeps the rest. */
  setPaused(paused: boolean): void {
    this.#socket[paused ? 'pause' : 'resume']();
  }

  async #negotiate(): Promise<void> {
    try {
      const { agreed, protocol } = this.#settings;
      const ask = (request: Request): Promise<unknown> => this.#ask(request);
      this.#agreement =
        agreed ?? (await negotiate(this.server, protocol, ask, (step) => this.#noteStep(step)));
    } catch (error) {
      if (error instanceof ServerError) this.#refusedMeta = this.#step !== 'begins';
      this.close(error as MemcachedError);
      return;
    }
    if (this.#state === 'closed') return;
    this.#parser.setLife(this.#agreement.life);
    this.#limit.settle(this.#agreement.settings);
    const first = this.#owner.onReady(this); // what listeners send while they are told waits behind that
    const state: string = this.#state; // they may have closed it
    if (state === 'closed') return;
    this.#state = 'ready';
    for (const request of first) this.#writeNow(request);
    this.#writeWaiting();
  }

  /** A peer that speaks meta and never tells its statistics is as good as one that does not: asked for them, it is of no use. */
  #noteStep(step: 'asks for meta' | 'has meta'): void {
    this.#step = step;
    if (step === 'asks for meta') return;
    this.#opening = { timeoutMs: Math.min(STATS_MS, this.#settings.connectTimeout), deadline: 0 };
    this.#deadlines.begin(this.#opening, false);
  }

  /** Sends a request of the connection's own, ahead of everything that waits. */
  #ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject = reject;
      this.#writeNow(request);
    });
  }

  /** Writes a request ahead of everything that waits. The negotiation has one deadline for all. */
  #writeNow(request: Request): void {
    if (this.#state === 'ready') this.#deadlines.begin(request, this.#flushScheduled);
    else if (!this.#flushScheduled) this.#deadlines.beginTurn();
    this.#write(request);
  }

  #canWrite(next: Request): boolean {
    if (this.#socket.writableLength >= HIGH_WATER_BYTES) return false;
    return this.#agreement.dialect === 'meta' || this.#window.takes(next, this.#pending);
  }

  #writeWaiting(): void {
    if (this.#state !== 'ready') return;
    if (this.#waiting.length > 0 && !this.#flushScheduled) this.#deadlines.beginTurn();
    while (this.#waiting.length > 0 && this.#canWrite(this.#waiting.first!)) {
      const request = this.#waiting.shift()!;
      if (request.settled) this.#admission.release(request);
      else this.#write(request);
    }
    this.#noticeDrained();
  }

  #write(request: Request): void {
    if (request.isOfAnotherLife(this.#agreement)) {
      this.#admission.release(request);
      request.lose();
      return;
    }
    if (request.namesTimeOfDay) this.#agreement.clock.adjust(request);
    let line: string;
    try {
      if (request.data !== undefined) this.#limit.check(request);
      line = this.#agreement.dialect === 'meta' ? encodeMeta(request, this.#opaques) : encodeClassic(request);
    } catch (error) {
      this.#admission.release(request);
      request.fail(error as MemcachedError);
      return;
    }
    this.#pending.push(request);
    this.#batch.addLine(line);
    if (request.data !== undefined) this.#batch.addDataBlock(request.data);
    if (!this.#flushScheduled) this.#schedule(request);
    else if (this.#batch.bytes > HIGH_WATER_BYTES) this.#batch.writeTo(this.#socket);
  }

  /** Has the batch written once this turn of the event loop is over. @param first what it begins with. */
  #schedule(first: Request): void {
    this.#flushScheduled = true;
    const { rested, turnedAt } = this.#deadlines;
    if (this.#measured === undefined && this.#state === 'ready') {
      this.#measured = first;
      this.#measuredSince = turnedAt;
    }
    setImmediate(rested ? () => setImmediate(() => this.#flush()) : () => this.#flush());
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#state !== 'closed' && this.#batch.requests > 0) this.#batch.writeTo(this.#socket);
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    this.#deadlines.heardBytes += chunk.length;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.close(errors.unreadable(this.server.id, error));
      if (!(error instanceof MemcachedError)) throw error;
      return;
    }
    if (this.#waiting.length > 0) this.#writeWaiting();
    else if (this.#onDrained !== undefined) this.#noticeDrained();
  }

  /** Gives a reply to the request it answers, or ends the connection by throwing. */
  #pair(reply: Reply): void {
    if (this.#pending.length === this.#batch.requests) throw errors.unasked(this.server.id, reply);
    const request = this.#pending.first!;
    // The number that is this request's alone says it all; a refusal has none.
    const known = reply.opaque >= 0 && reply.opaque === request.opaque;
    const refused = !known && isRefusal(reply);
    if (!known && !refused && !answers(reply, request)) throw errors.misplaced(request);
    if (reply.more) {
      request.items += 1;
    } else {
      this.#pending.shift();
      if (request.admittedBytes > 0) this.#admission.release(request);
      this.#deadlines.answers += 1;
      if (request === this.#measured) {
        this.#owner.onRoundTrip(performance.now() - this.#measuredSince);
        this.#measured = undefined;
      }
    }
    if (reply.isWithoutTokens && this.#agreement.hasCas)
      this.#agreement = { ...this.#agreement, hasCas: false };
    if (this.#agreement.dialect === 'classic' && reply.status === 'value')
      this.#window.note(reply.valueEnd - reply.valueStart);
    if (refused) {
      if (reply.status === 'server-error') this.#window.widen();
      this.#owner.onRefused(this, request, reply);
      errors.refuse(request, reply, this.server.id, this.#limit);
      return;
    }
    if (request.settled && !reply.won) return;
    let result: unknown;
    try {
      result = request.read(reply, request);
    } catch (error) {
      errors.misread(request, error, this.server.id);
      return;
    }
    if (!reply.more) request.succeed(result);
  }

  /** Fails what is due. Returns the next deadline. */
  #expire(now: number): number {
    const opening = this.#state === 'opening';
    const { id } = this.server;
    const { connectTimeout, commandTimeout } = this.#settings;
    if (opening && this.#opening.deadline <= now) {
      this.#refusedMeta = this.#step === 'has meta';
      this.close(errors.notOpened(id, connectTimeout));
    }
    if (this.#state === 'closed') return Number.POSITIVE_INFINITY;
    const inQueue = this.#waiting.failDue(now, (request) => errors.tooLate(request, id, opening));
    const onWire = opening
      ? this.#opening.deadline
      : this.#pending.failDue(now, (request) => {
          request.progress = 'written';
          return errors.tooLate(request, id, opening);
        });
    let next = Math.min(inQueue, onWire);
    const oldest = (opening ? this.#waiting : this.#pending).first;
    if (oldest?.settled === true) {
      const overdue = oldest.deadline - oldest.timeoutMs + commandTimeout;
      if (overdue <= now) this.#owner.onOverdue(this);
      else next = Math.min(next, overdue);
    }
    this.#noticeDrained();
    return next;
  }

  /**
   * Over TLS, memcached before 1.6.39 leaves the end of a burst unread if its last record was not all taken at once: nothing
   * more is on the socket then. Whatever comes next has it read.
   */
  #wake(): void {
    if (this.server.tls === undefined || this.#state !== 'ready' || this.#pending.length === 0) return;
    if (this.version.atLeast(1, 6, 39)) return;
    const request = new Request('line', 'version', (reply: Reply) => reply.text);
    request.timeoutMs = this.#settings.commandTimeout;
    this.#ask(request).catch(() => undefined);
  }

  /** Whether somebody still waits for an answer. */
  #isAwaited(): boolean {
    return this.#pending.hasLive() || this.#waiting.hasLive();
  }

  #noticeDrained(): void {
    if (this.#onDrained === undefined || this.#isAwaited()) return;
    this.#onDrained();
    this.#onDrained = undefined;
  }

  /** The peer has hung up, or cannot be reached. */
  #lose(cause?: NodeJS.ErrnoException): void {
    const opening = this.#state === 'opening';
    const hungUp = cause === undefined || cause.code === 'ECONNRESET' || cause.code === 'EPIPE';
    if (opening && hungUp) this.#refusedMeta = this.#step !== 'begins';
    this.close(errors.lost(this.server.id, opening, cause));
  }

  /** The one place where a connection ends, whatever the reason; what has no answer goes back to the owner. */
  close(error?: MemcachedError): void {
    if (this.#state === 'closed') return;
    const opening = this.#state === 'opening';
    this.#state = 'closed';
    this.#deadlines.stop();
    const written = this.#pending.drain();
    const unsent = written.splice(written.length - this.#batch.requests);
    endSocket(this.#socket, error !== undefined && written.length > 0);
    for (const request of written) request.progress = 'written';
    if (opening) {
      // All that is pending now is the negotiation, which nobody but this connection waits for.
      for (const request of written.concat(unsent)) {
        request.fail(error ?? new ClientClosedError('the client was closed'));
      }
      written.length = unsent.length = 0;
    }
    const back = unsent.concat(this.#waiting.drain());
    for (const request of written.concat(back)) {
      this.#admission.release(request);
      this.#deadlines.release(request);
    }
    this.#onDrained?.();
    const awaited = back.filter(({ settled }) => !settled);
    this.#owner.onClosed(this, error, written, awaited);
  }
}
