import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Connection } from '../connection/connection.js';
import { UnsupportedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Request } from '../protocol/request.js';
import { dumpKeys } from './key-dump.js';
import type { OwedInvalidations } from './owed-invalidations.js';

/** Most invalidations on their way to one server at a time. */
const WINDOW = 500;

/** What could not be delivered is tried again after a pause that doubles from the first of these to the second. */
const PAUSE_MS = { min: 100, max: 5000 } as const;

/** Between two looks through all keys of a server. */
const LOOK_PAUSE_MS = 60_000;

/**
 * Delivers to one server the invalidations it is owed: in rounds, each of which tries what is owed when it begins, so many
 * at a time. After a round in which some failed there is a pause.
 *
 * Whatever asks for a key that is still owed is preceded by its invalidation, so that this process reads no value that it
 * has invalidated, however long the delivery takes.
 */
export class OwedDelivery {
  readonly #owed: OwedInvalidations;
  readonly #options: ResolvedClientOptions;
  /** No more than half of what may be in flight. */
  readonly #window: number;
  /** Made where there is something to end: most nodes never have any. */
  #closing: AbortController | undefined;
  #lookAt = 0;
  #connection: Connection | undefined;
  /** How many of this round are still to be sent. */
  #left = 0;
  #underWay = 0;
  #failed = false;
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #onRest: (() => void) | undefined;

  constructor(owed: OwedInvalidations, options: ResolvedClientOptions) {
    this.#owed = owed;
    this.#options = options;
    this.#window = Math.min(WINDOW, Math.ceil(options.maxInFlight / 2));
  }

  /** Begins on a connection that has just become ready. @returns what is to be written ahead of all that has waited. */
  first(connection: Connection): readonly Request[] {
    this.stop();
    this.#connection = connection;
    const requests = this.#round(connection);
    if (requests.length === 0) this.#rest();
    return requests;
  }

  /** Begins a round, unless one is under way or the pause after one. */
  begin(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#underWay > 0 || this.#timer !== undefined) return;
    for (const request of this.#round(connection)) connection.push(request);
  }

  /** Sends what is owed for a request's keys, on the connection that is about to get the request. */
  ahead(request: Request, connection: Connection): void {
    if (request.details.keys === undefined) this.#aheadOf(request.key, request.details.binaryKey, connection);
    else for (const key of request.details.keys) this.#aheadOf(key, false, connection);
  }

  /** Looks for the keys that are owed and cannot be listed among all that the server holds, now and then. */
  lookThrough(server: ServerAddress): void {
    if (!this.#owed.overflows || performance.now() < this.#lookAt) return;
    this.#lookAt = performance.now() + LOOK_PAUSE_MS;
    this.#owed
      .sift(this.#keysOf(server), () => this.finish())
      .then(
        () => this.begin(),
        // A proxy, or a server that lists no keys: they stay owed, and are invalidated when they are asked for.
        () => undefined,
      );
  }

  /** All keys of a server, twice: an older one may leave out what it moves among its lists meanwhile. */
  async *#keysOf(server: ServerAddress): AsyncGenerator<string> {
    const closing = (this.#closing ??= new AbortController());
    for (let pass = 0; pass < 2; pass += 1) yield* dumpKeys(server, this.#options, closing.signal);
  }

  /** Says that more is owed to a server than can be listed. */
  warn(server: string): void {
    process.emitWarning(
      `${server} is owed more than ${this.#options.maxOwedDeletes} invalidations (option maxOwedDeletes). This process ` +
        `reads no old value of them; others may, until the server can be asked for its keys`,
      'MemcachedWarning',
    );
  }

  /** There will be no other connection. */
  close(): void {
    this.#closing?.abort();
    this.stop();
  }

  /** The connection has ended; there will be another. */
  stop(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Resolves once all is delivered, or some could not be; without a connection it waits for one. */
  finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return new Promise((resolve) => {
      this.#onRest = resolve;
      this.begin();
      if (this.#connection !== undefined && this.#underWay === 0) this.#rest();
    });
  }

  #aheadOf(key: string, binaryKey: boolean, connection: Connection): void {
    if (!connection.ready) {
      this.#owed.hurry(key, binaryKey);
      return;
    }
    const owed = this.#owed.takeFor(key, binaryKey, connection.dialect);
    if (owed !== undefined) connection.push(this.#watched(owed));
  }

  #round(connection: Connection): Request[] {
    this.#failed = false;
    this.#left = this.#owed.unsent;
    return this.#take(connection);
  }

  #take(connection: Connection): Request[] {
    const count = Math.max(0, Math.min(this.#left, this.#window - this.#underWay));
    const requests = this.#owed.take(count, connection.dialect);
    this.#left -= requests.length;
    return requests.map((request) => this.#watched(request));
  }

  /** A request of which the delivery learns what has become of it. */
  #watched(request: Request): Request {
    const { resolve, reject } = request;
    this.#underWay += 1;
    request.timeoutMs = this.#options.commandTimeout;
    const done = (result: unknown): void => {
      resolve(result);
      this.#settled();
    };
    const failed = (error: unknown): void => {
      reject(error);
      this.#failed = true;
      this.#settled();
    };
    request.resolve = (result) => {
      const bump = this.#owed.bumps?.bump(request.key);
      if (bump === undefined) done(result);
      else bump.then(() => done(result), failed);
    };
    // A key that the dialect cannot carry was never stored there.
    request.reject = (error) => (error instanceof UnsupportedError ? done(undefined) : failed(error));
    return request;
  }

  #settled(): void {
    this.#underWay -= 1;
    const connection = this.#connection;
    if (connection !== undefined && this.#left > 0 && !this.#failed && this.#underWay <= this.#window / 2) {
      for (const request of this.#take(connection)) connection.push(request);
    }
    if (this.#underWay > 0) return;
    if (this.#failed) this.#pause();
    else {
      this.#pauseMs = 0;
      if (this.#owed.unsent > 0) this.begin();
    }
    if (this.#underWay === 0) this.#rest();
  }

  #rest(): void {
    this.#onRest?.();
    this.#onRest = undefined;
  }

  #pause(): void {
    this.#failed = false;
    this.#left = 0;
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, PAUSE_MS.min), PAUSE_MS.max);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#connection === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.begin();
    }, this.#pauseMs).unref();
  }
}
