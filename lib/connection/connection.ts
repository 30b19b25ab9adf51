import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import {
  ClientClosedError,
  ConnectionError,
  MemcachedError,
  OverloadError,
  ProtocolError,
  ServerError,
  TimeoutError,
  ValueTooLargeError,
} from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import { encodeClassic } from '../protocol/classic.js';
import { carriesOpaque, encodeMeta, nextOpaque } from '../protocol/meta.js';
import type { Reply } from '../protocol/reply.js';
import { ReplyParser } from '../protocol/reply-parser.js';
import type { Request } from '../protocol/request.js';
import {
  DEFAULT_ITEM_SIZE_MAX,
  explainRefusal,
  negotiate,
  type Agreement,
  type Dialect,
} from './negotiation.js';
import { RequestQueue } from './request-queue.js';
import { ServerVersion } from './server-version.js';
import { openSocket } from './socket.js';
import { WriteBatch } from './write-batch.js';

/** How often deadlines are looked at; one timer per connection instead of one per request. */
const SWEEP_MS = 20;

/** With so many bytes not yet taken by the kernel, further requests wait as objects instead of bytes. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** Bytes memcached adds to a value: item header, cas token, client flags, and the ends of key and data. */
const ITEM_OVERHEAD_BYTES = 48 + 8 + 4 + 1 + 2;

export type ConnectionSettings = Pick<
  ResolvedClientOptions,
  | 'protocol'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'keepAlive'
  | 'maxInFlight'
  | 'maxQueuedBytes'
  | 'maxValueBytes'
>;

/** Who opened the connection, and is told what becomes of it. */
export interface ConnectionOwner {
  /** Negotiated. The requests returned are written ahead of everything that has waited. */
  onReady(connection: Connection): readonly Request[];
  /** Some requests have passed their deadline, written or still waiting for the connection; they are already told. */
  onTimeouts(connection: Connection): void;
  /**
   * It is over, for whatever reason, exactly once.
   *
   * @param error why; `undefined` after `close`.
   * @param lost requests that were written and got no answer; the owner settles them.
   * @param unsent requests of which no byte was written; the owner settles them or sends them elsewhere.
   */
  onClosed(
    connection: Connection,
    error: MemcachedError | undefined,
    lost: Request[],
    unsent: Request[],
  ): void;
}

/**
 * One socket to one server: opens, negotiates, writes what one turn of the event loop asks for in one write, pairs the
 * replies with the requests and checks each pairing, and keeps the deadlines.
 *
 * A reply that does not fit its request ends the connection; no value is handed out on a doubt.
 */
export class Connection {
  readonly server: ServerAddress;
  readonly #settings: ConnectionSettings;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser: ReplyParser;
  readonly #batch = new WriteBatch();
  /** Written, in the order their replies must come. Settled ones among them are tombstones. */
  readonly #pending = new RequestQueue();
  /** Not written: the connection is not ready, or the kernel does not take more. */
  readonly #waiting = new RequestQueue();
  #waitingBytes = 0;
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #agreement: Agreement = { dialect: 'meta', version: new ServerVersion(''), itemSizeMax: undefined };
  #triedMeta = false;
  #opaque = 0;
  #flushScheduled = false;
  #now = 0;
  #sweepTimer: NodeJS.Timeout | undefined;
  #openTimer: NodeJS.Timeout | undefined;
  #onDrained: (() => void) | undefined;

  constructor(server: ServerAddress, settings: ConnectionSettings, owner: ConnectionOwner) {
    this.server = server;
    this.#settings = settings;
    this.#owner = owner;
    this.#parser = new ReplyParser((reply) => this.#pair(reply));
    this.#socket = openSocket(server, settings.keepAlive, () => void this.#negotiate());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('drain', () => this.#writeWaiting());
    this.#socket.on('error', (error) => this.#end(this.#lost(error.message, error)));
    this.#socket.on('close', () => this.#end(this.#lost('closed by the server')));
    this.#openTimer = setTimeout(() => {
      const limit = `no connection within ${settings.connectTimeout} ms`;
      this.#end(new TimeoutError(`${server.id}: ${limit}`, server.id, 'not-sent', settings.connectTimeout));
    }, settings.connectTimeout);
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** The dialect agreed on; `meta` until then. */
  get dialect(): Dialect {
    return this.#agreement.dialect;
  }

  get version(): ServerVersion {
    return this.#agreement.version;
  }

  /** Requests that have no reply yet, tombstones included. */
  get inFlight(): number {
    return this.#pending.length + this.#waiting.length;
  }

  /** Whether the server hung up when it was asked for the meta dialect, as a proxy does that knows none. */
  get refusedMeta(): boolean {
    return this.#triedMeta && this.#state === 'closed' && this.#agreement.version.text === '';
  }

  /**
   * Sends a request, at the latest at the end of this turn of the event loop; its outcome goes to the request itself.
   * Before the connection is ready, requests wait for it, each up to its own deadline.
   */
  push(request: Request): void {
    if (this.inFlight >= this.#settings.maxInFlight) {
      request.fail(this.#overload(`${this.inFlight} requests in flight, the limit (option maxInFlight)`));
      return;
    }
    if (!this.#flushScheduled) this.#now = performance.now();
    if (request.deadline === 0) request.deadline = this.#now + request.timeoutMs;
    this.#armSweep();
    if (
      this.#state === 'ready' &&
      this.#waiting.length === 0 &&
      this.#socket.writableLength < HIGH_WATER_BYTES
    ) {
      this.#write(request);
    } else {
      this.#wait(request);
    }
  }

  /** Stops taking requests; resolves when those in flight have been answered. */
  drained(): Promise<void> {
    if (this.inFlight === 0 || this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Ends the connection now; what has no answer goes back to the owner. */
  close(error?: MemcachedError): void {
    this.#end(error);
  }

  async #negotiate(): Promise<void> {
    try {
      this.#agreement = await negotiate(
        this.server,
        this.#settings.protocol,
        (request) => this.#ask(request),
        () => (this.#triedMeta = true),
      );
    } catch (error) {
      if (error instanceof ServerError) this.#end(explainRefusal(this.server.id, error));
      else this.#end(error as MemcachedError);
      return;
    }
    if (this.#state === 'closed') return;
    clearTimeout(this.#openTimer);
    this.#state = 'ready';
    for (const request of this.#owner.onReady(this)) this.#write(request);
    this.#writeWaiting();
  }

  /** Sends a request of the negotiation, ahead of everything that waits. */
  #ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject = reject;
      request.timeoutMs = this.#settings.commandTimeout;
      request.deadline = performance.now() + request.timeoutMs;
      this.#armSweep();
      this.#write(request);
    });
  }

  #wait(request: Request): void {
    const bytes = request.data?.length ?? 0;
    if (this.#waitingBytes + bytes > this.#settings.maxQueuedBytes) {
      const queued = `${this.#waitingBytes} bytes wait to be written, the limit (option maxQueuedBytes)`;
      request.fail(this.#overload(queued));
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push(request);
  }

  #overload(what: string): OverloadError {
    return new OverloadError(`${this.server.id}: ${what}`, this.server.id);
  }

  #writeWaiting(): void {
    if (this.#state !== 'ready') return;
    while (this.#waiting.length > 0 && this.#socket.writableLength < HIGH_WATER_BYTES) {
      const request = this.#waiting.shift()!;
      this.#waitingBytes -= request.data?.length ?? 0;
      if (!request.settled) this.#write(request);
    }
    this.#noticeDrained();
  }

  #write(request: Request): void {
    const meta = this.#agreement.dialect === 'meta';
    let line: string;
    try {
      if (request.data !== undefined) this.#refuseTooLarge(request, request.data.length);
      if (meta && carriesOpaque(request)) {
        request.opaque = this.#opaque;
        this.#opaque = nextOpaque(this.#opaque);
      } else {
        request.opaque = -1;
      }
      line = meta ? encodeMeta(request) : encodeClassic(request);
    } catch (error) {
      request.fail(error as MemcachedError);
      return;
    }
    this.#pending.push(request);
    this.#batch.addLine(line);
    if (request.data !== undefined) this.#batch.addDataBlock(request.data);
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(() => this.#flush());
    } else if (this.#batch.bytes > HIGH_WATER_BYTES) {
      this.#batch.writeTo(this.#socket);
    }
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#state !== 'closed' && this.#batch.requests > 0) this.#batch.writeTo(this.#socket);
  }

  #refuseTooLarge(request: Request, size: number): void {
    const itemSizeMax = this.#agreement.itemSizeMax ?? DEFAULT_ITEM_SIZE_MAX;
    const { maxValueBytes } = this.#settings;
    if (maxValueBytes > 0 && size > maxValueBytes) {
      throw tooLarge(request, maxValueBytes, 'the option maxValueBytes');
    }
    if (size + request.key.length + ITEM_OVERHEAD_BYTES > itemSizeMax) {
      throw tooLarge(
        request,
        itemSizeMax,
        `the item limit of ${this.server.id} (memcached's -I), key and header included`,
      );
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#end(this.#named(error));
      return;
    }
    this.#noticeDrained();
  }

  /** Gives a reply to the request it answers, or ends the connection by throwing. */
  #pair(reply: Reply): void {
    const request = this.#pending.first();
    if (request === undefined) throw new ProtocolError(`a reply ('${reply.status}') to no request`);
    const refused =
      reply.status === 'error' || reply.status === 'client-error' || reply.status === 'server-error';
    if (request.opaque !== reply.opaque && !refused) {
      throw new ProtocolError(`${request.label}: the reply carries another request's number`);
    }
    if (!reply.more) this.#pending.shift();
    if (refused) this.#refused(reply, request);
    else if (!request.settled) this.#settle(reply, request);
  }

  #settle(reply: Reply, request: Request): void {
    let result: unknown;
    try {
      result = request.read(reply, request);
    } catch (error) {
      request.progress = 'written';
      if (error instanceof ProtocolError) {
        request.fail(this.#named(error));
        throw error;
      }
      request.fail(error as Error);
      return;
    }
    if (!reply.more) request.succeed(result);
  }

  /** An error line: the request's alone, unless it leaves in doubt what the server did with a data block. */
  #refused(reply: Reply, request: Request): void {
    const { id } = this.server;
    if (request.data !== undefined && reply.text.includes('too large')) {
      request.fail(
        tooLarge(
          request,
          this.#agreement.itemSizeMax ?? DEFAULT_ITEM_SIZE_MAX,
          `the item limit of ${id} (-I)`,
        ),
      );
      return;
    }
    request.fail(new ServerError(`${request.label} on ${id}: ${reply.text}`, id, reply.text));
    if (request.data !== undefined && reply.status !== 'server-error') {
      throw new ProtocolError(
        `${request.label}: refused with '${reply.text}', so its data block may have been read as commands`,
      );
    }
  }

  /** Looks at the deadlines once the replies that are already here have been read. */
  #armSweep(): void {
    this.#sweepTimer ??= setTimeout(() => setImmediate(() => this.#sweep()), SWEEP_MS).unref();
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    if (this.#state === 'closed') return;
    const now = performance.now();
    let expired = 0;
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const request = this.#waiting.at(index)!;
      if (!request.settled && request.deadline <= now) expired += this.#expire(request);
    }
    for (let index = 0; index < this.#pending.length; index += 1) {
      const request = this.#pending.at(index)!;
      if (request.settled || request.deadline > now) continue;
      request.progress = 'written';
      expired += this.#expire(request);
    }
    if (this.inFlight > 0) this.#armSweep();
    if (expired > 0) this.#owner.onTimeouts(this);
  }

  #expire(request: Request): 1 {
    const { id } = this.server;
    const limit = this.#state === 'opening' ? 'not connected' : 'no reply';
    request.fail(
      new TimeoutError(
        `${request.label} on ${id}: ${limit} within ${request.timeoutMs} ms`,
        id,
        request.outcome,
        request.timeoutMs,
      ),
    );
    return 1;
  }

  #noticeDrained(): void {
    if (this.#onDrained === undefined || this.inFlight > 0) return;
    this.#onDrained();
    this.#onDrained = undefined;
  }

  #lost(reason: string, cause?: Error): ConnectionError {
    const when = this.#state === 'ready' ? 'connection lost' : 'cannot connect';
    return new ConnectionError(`${this.server.id}: ${when}: ${reason}`, this.server.id, 'unknown', { cause });
  }

  #named(error: unknown): ProtocolError {
    if (!(error instanceof ProtocolError)) throw error;
    return new ProtocolError(`${this.server.id}: ${error.message}`, this.server.id, { cause: error });
  }

  /** The one place where a connection ends, whatever the reason. */
  #end(error: MemcachedError | undefined): void {
    if (this.#state === 'closed') return;
    const opening = this.#state === 'opening';
    this.#state = 'closed';
    clearTimeout(this.#openTimer);
    clearTimeout(this.#sweepTimer);
    this.#socket.destroy();
    const lost = this.#pending.drain();
    const unsent = lost.splice(lost.length - this.#batch.requests);
    for (const request of lost) request.progress = 'written';
    if (opening) {
      // All that is pending now is the negotiation, which nobody but this connection waits for.
      for (const request of lost.concat(unsent))
        request.fail(error ?? new ClientClosedError('the client was closed'));
      lost.length = unsent.length = 0;
    }
    unsent.push(...this.#waiting.drain());
    this.#onDrained?.();
    this.#owner.onClosed(this, error, lost, unsent);
  }
}

function tooLarge(request: Request, limit: number, whose: string): ValueTooLargeError {
  const size = request.data?.length ?? 0;
  return new ValueTooLargeError(
    `${request.label}: ${size} bytes do not fit into ${limit}, ${whose}; nothing was stored`,
    size,
    limit,
  );
}
