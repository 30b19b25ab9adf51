import { InvalidArgumentError } from '../errors.js';
import type { Ttl } from '../options/cache-options.js';
import { toMilliseconds, type Duration } from '../options/duration.js';
import type { Codec } from './codec/codec.js';
import type { CasToken } from './results.js';

/** What every command takes. */
export interface CommandOptions {
  /** Gives up when aborted: the promise rejects with the signal's reason. What was written may still be carried out. */
  signal?: AbortSignal | undefined;
  /** Longest wait for the reply, from the call on, at least 1 ms. @default the client's `commandTimeout` */
  timeout?: Duration | undefined;
}

/** What the commands of those take beside who have to tell a server that is away from one that has nothing. */
export interface StrictOptions extends CommandOptions {
  /** Rejects while the server is away, also where failover `miss` would answer in its place. @default false */
  strict?: boolean | undefined;
}

/** What commands that read values take. */
export interface ReadOptions extends CommandOptions {
  /** Reads this value in a way of its own. @default the client's codec */
  codec?: Codec | undefined;
}

/** What the cache's commands that store take beside. */
export interface EntryOptions extends StoreOptions {
  /** The ttl where nobody who reads the item can tell how much of one is left. @default `ttl` */
  ttlInClassic?: Ttl | undefined;
}

/** What commands that store take. */
export interface StoreOptions extends CommandOptions {
  /**
   * How long the item lives, at least one second, counted in whole seconds, fractions up; never expires without it, or
   * with `'never'`.
   */
  ttl?: Ttl | undefined;
  /** Reads and writes this value in a way of its own. @default the client's codec */
  codec?: Codec | undefined;
}

/** What `incr` and `decr` take. */
export interface CounterOptions extends CommandOptions {
  /** Creates a missing counter with this value instead of missing. */
  initial?: number | bigint | undefined;
  /** How long a counter created by `initial` lives; never expires without it, or with `'never'`. */
  ttl?: Ttl | undefined;
}

/** What `count` takes. */
export interface CountOptions extends CounterOptions {
  /** How much is added, whole, from 0; 0 only reads. @default 1 */
  by?: number | bigint | undefined;
}

/** What `delete` takes. */
export interface DeleteOptions extends CommandOptions {
  /** Only if the item has not changed since that token was read. */
  cas?: CasToken | undefined;
}

/** What `invalidateKey` takes. */
export interface InvalidateKeyOptions extends DeleteOptions {
  /**
   * Keeps the value for so long, or for the `'rest'` of its ttl, marked stale, instead of deleting it; in the classic dialect
   * it is deleted.
   */
  stale?: Duration | 'rest' | undefined;
}

/** What `keys` takes. */
export interface KeysOptions extends CommandOptions {
  /**
   * Longest wait at a time, at least 1 ms: for the first servers, then for the next part of the listing, a connection and
   * other listings of that server included; by default those are waited for for ten seconds.
   *
   * @default the client's `connectTimeout`, then its `commandTimeout`
   */
  timeout?: Duration | undefined;
  /** Most keys; all of them without it. */
  limit?: number | undefined;
  /** Of this server alone, `host:port`; of all of them without it. */
  server?: string | undefined;
}

/** What a read with a lease takes. */
export interface LeaseOptions extends ReadOptions {
  /** On a miss, the first reader wins the right to compute for so many whole seconds; 0 gives no right. */
  leaseSeconds: number;
  /** Also on a hit, with less than so many whole seconds left. @default 0 */
  recacheSeconds?: number | undefined;
  /** Asks for everything but the value, where the server can leave it out; what is in `value` then is of no use. @default false */
  withoutValue?: boolean | undefined;
}

/** @throws {InvalidArgumentError} below 1 ms. */
export function timeoutOf(timeout: Duration): number {
  const milliseconds = toMilliseconds(timeout, 'timeout');
  if (milliseconds >= 1) return milliseconds;
  throw new InvalidArgumentError(
    `timeout: expected at least 1 ms, got ${milliseconds}; nothing waits without limit`,
  );
}

/** @throws {InvalidArgumentError} for what is no `AbortSignal`, of this realm or of another. */
export function signalOf(signal: AbortSignal): AbortSignal {
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return signal;
  throw new InvalidArgumentError('signal: expected an AbortSignal');
}
