import { Connection } from '../../lib/connection/connection.js';
import type { ConnectionOwner } from '../../lib/connection/connection-owner.js';
import type { ConnectionSettings } from '../../lib/connection/connection-settings.js';
import type { MemcachedError } from '../../lib/errors.js';
import { readServers, type ServerOptions } from '../../lib/options/server-options.js';
import { unexpectedReply, type Request, type RequestKind } from '../../lib/protocol/request.js';
import { said, type Said } from '../protocol/replies.js';
import { request, type Fields } from '../protocol/requests.js';

/** How a connection ended. */
export interface Ending {
  readonly error: MemcachedError | undefined;
  readonly lost: readonly Request[];
  readonly unsent: readonly Request[];
}

const SETTINGS: ConnectionSettings = {
  protocol: 'auto',
  commandTimeout: 5000,
  connectTimeout: 5000,
  keepAlive: 30_000,
  maxInFlight: 250_000,
  maxQueuedBytes: 256 * 1024 * 1024,
  maxValueBytes: 0,
};

/** A connection with an owner that only takes notes. */
export class Opened implements ConnectionOwner<Connection> {
  readonly connection: Connection;
  /** Settles once negotiated. */
  readonly ready: Promise<void>;
  /** Settles with the end of the connection. */
  readonly ended: Promise<Ending>;
  /** Settles when the server is found to owe a reply for too long. */
  readonly overdue: Promise<void>;
  /** What happened, in order. */
  readonly events: string[] = [];
  /** How long replies took, in milliseconds. */
  readonly roundTrips: number[] = [];
  /** Written ahead of everything else once the connection is ready. */
  readonly first: Request[] = [];
  #onReady!: () => void;
  #onEnded!: (ending: Ending) => void;
  #onOverdue!: () => void;

  /** @param server an address, or more than that. */
  constructor(server: string | ServerOptions, settings: Partial<ConnectionSettings> = {}) {
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.ended = new Promise((resolve) => (this.#onEnded = resolve));
    this.overdue = new Promise((resolve) => (this.#onOverdue = resolve));
    const [address] = readServers(server, 'servers');
    this.connection = new Connection(address, { ...SETTINGS, ...settings }, this);
  }

  onReady(): readonly Request[] {
    this.events.push('ready');
    this.#onReady();
    return this.first;
  }

  onOverdue(): void {
    this.events.push('overdue');
    this.#onOverdue();
  }

  onRefused(): void {
    // The request is told as well.
  }

  onRoundTrip(milliseconds: number): void {
    this.roundTrips.push(milliseconds);
  }

  onClosed(_: Connection, error: MemcachedError | undefined, lost: Request[], unsent: Request[]): void {
    this.events.push('closed');
    const why = error ?? new Error('closed');
    for (const left of [...lost, ...unsent]) left.fail(why);
    this.#onEnded({ error, lost, unsent });
  }

  /** Sends a request; resolves with the last reply to it and, before that, the items of a list. */
  ask(kind: RequestKind, key: string, fields: Fields = {}): Promise<Said[]> {
    return new Promise((resolve, reject) => {
      const made = asking(kind, key, fields);
      made.resolve = resolve as (result: unknown) => void;
      made.reject = reject;
      this.connection.push(made);
    });
  }
}

/** A request whose result is what the server said. */
export function asking(kind: RequestKind, key: string, fields: Fields = {}): Request {
  return request(kind, key, {
    timeoutMs: 5000,
    read: (reply, self) => {
      if (reply.status === 'noop') throw unexpectedReply(reply, self);
      const all = (self.gathered ??= []) as Said[];
      all.push(said(reply));
      return all;
    },
    ...fields,
  });
}

/** What a promise comes to, without throwing: its value, or the code of its error. */
export function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: MemcachedError) => error.code);
}
