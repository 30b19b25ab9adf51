import type { MemcachedError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';

/** Who opened a connection, and is told what becomes of it. */
export interface ConnectionOwner<Connection> {
  /** Negotiated. The requests returned are written ahead of everything that has waited. */
  onReady(connection: Connection): readonly Request[];
  /**
   * The server has owed a reply for `commandTimeout`, or as long has passed since the first request and the connection is
   * not open yet. Told again and again until that ends.
   */
  onOverdue(connection: Connection): void;
  /** A request was answered so many milliseconds after it was written. One at a time is measured, the negotiation is not. */
  onRoundTrip(milliseconds: number): void;
  /** A request was answered by an error line; told before the request is. */
  onRefused(connection: Connection, request: Request, reply: Reply): void;
  /**
   * It is over, for whatever reason, exactly once.
   *
   * @param error why; `undefined` after `close`.
   * @param lost requests that were written and got no answer; the owner settles them.
   * @param unsent requests of which no byte was written, and that somebody still waits for; the owner settles them or sends them elsewhere.
   */
  onClosed(
    connection: Connection,
    error: MemcachedError | undefined,
    lost: Request[],
    unsent: Request[],
  ): void;
}
