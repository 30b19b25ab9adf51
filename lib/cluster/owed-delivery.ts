import type { Connection } from '../connection/connection.js';
import { UnsupportedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { Request } from '../protocol/request.js';
import { clearTimeout, setTimeout } from '../timers.js';
import type { OwedInvalidations } from './owed-invalidations.js';
import { OwedSearch } from './owed-search.js';

/** Most invalidations on their way to one server at a time. */
const WINDOW = 500;

/** What could not be delivered is tried again after a pause that doubles from the first of these to the second. */
const PAUSE_MS = { min: 100, max: 5000 } as const;

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
  readonly #search: OwedSearch;
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
    this.#search = new OwedSearch(owed, options, this);
  }

  /** Begins on a connection that has just become ready. @returns what is to be written ahead of all that has waited. */
  first(connection: Connection): readonly Request[] {
    this.stop();
    this.#connection = connection;
    this.#owed.sendAnew();
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

  /** Looks among all keys of the server for those that are owed and cannot be listed, once it can be reached. */
  lookThrough(): void {
    if (this.#connection !== undefined) this.#search.begin(this.#connection);
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
    this.#search.close();
    this.stop();
  }

  /** The connection has ended; there will be another. */
  stop(): void {
    this.#connection = undefined;
    this.#search.stop();
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
      this.lookThrough(); // what failed may have found no place any more
    }, this.#pauseMs).unref();
  }
}
