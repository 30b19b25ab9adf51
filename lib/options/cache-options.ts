import type { Duration } from './duration.js';
import type { NearOptions } from './near-options.js';
import type { StandardSchema } from './standard-schema.js';

/** How long a value is fresh: a `Duration` of at least one second (fractions round up), or `'never'` for no end. */
export type Ttl = Duration | 'never';

/**
 * How one value is cached. All but `forceFresh`, `schema`, `signal` and a `ttl` that is a function may also stand in
 * `MemcachedCacheOptions`, as the default for all; `near` means something else there.
 *
 * @typeParam V what the loader returns.
 */
export interface CachePolicy<V = unknown> {
  /**
   * How long a value is fresh, or a function that says so for each value.
   *
   * @default '5m'
   */
  ttl?: Ttl | ((value: V) => Ttl) | undefined;

  /**
   * How long a value is kept beyond its ttl, to be served while somebody computes it anew or when that fails.
   * 0 keeps nothing: after the ttl comes a miss. Otherwise at least one second; fractions round up. In the classic dialect,
   * which does not tell how much of a ttl is left, nothing is kept.
   *
   * @default 0
   */
  grace?: Duration | undefined;

  /**
   * How long the right to compute is kept without a sign of life, which a process shows while its loader runs. So it is how
   * long a process that died holds up the others, at most a second longer; a loader may take its time. A process whose event
   * loop stands still for longer loses the right, and what it loads is not stored. At least one second; fractions round up.
   *
   * @default '2s'
   */
  lease?: Duration | undefined;

  /**
   * Longest wait on a miss for another process that computes, after which one computes anyway. 0 does not wait.
   * A loader that takes longer than 30 s, or than this if it is longer, counts as one that hangs: its process shows no more
   * signs of life, and the next one computes.
   *
   * @default 30 s, `lease` and two seconds
   */
  leaseWait?: Duration | undefined;

  /**
   * Serve a stale value at once and compute behind the response. `false` computes first, and falls back on the stale
   * value after `softTimeout`, or when the loader fails.
   *
   * @default true
   */
  serveStale?: boolean | undefined;

  /**
   * Whether a stale value may stand in for this failure of the loader; if not, the failure is thrown.
   *
   * @default () => true
   */
  serveStaleIf?: ((error: unknown) => boolean) | undefined;

  /**
   * Compute anew before the value expires: the last fraction of its ttl in which the first reader does so, behind its
   * response. From 0 (never) up to, not including, 1. Values whose ttl turns out shorter than the policy's wait for
   * their expiry instead. So do those that `update` and its like have stored, numbers apart, where the module's `cache` says
   * `refreshAhead`; where only the policy that reads them does, they are refreshed ahead like any other. memcached counts
   * whole seconds: the fraction rounds up, but leaves at least the first second of the ttl, which must be two seconds or more.
   * A default is none where the ttl is a function or one second; in one policy with such a ttl, it is refused.
   *
   * @default 0
   */
  refreshAhead?: number | undefined;

  /**
   * With `serveStale: false`, how long a caller waits for the loader before it is served the stale value; the loader
   * goes on. 0 waits until the loader is done.
   *
   * @default 0
   */
  softTimeout?: Duration | undefined;

  /**
   * How long a loader may run. Then its signal is aborted, and its callers get the stale value or a
   * `LoaderTimeoutError`. 0 lets it run.
   *
   * @default 0
   */
  hardTimeout?: Duration | undefined;

  /**
   * Pause after a failed load while a stale value is there to be served; doubles with each failure, up to 32 times.
   * 0 tries again at the next read.
   *
   * @default '1s'
   */
  retryAfter?: Duration | undefined;

  /**
   * The ttl of `null`, for an answer like "no such row". 0 does not cache `null`.
   *
   * @default `ttl`
   */
  nullTtl?: Ttl | undefined;

  /**
   * An upper bound for every ttl of a value, whoever sets it: `ttl` or its function, `nullTtl`, the loader's `setTtl`, or a call such as
   * `update`, `add` or `touch`; not for counters. `'never'` is none.
   *
   * @default no bound
   */
  maxTtl?: Ttl | undefined;

  /**
   * Whether `set` first asks the server what is there, and stores over that alone: a second round trip, for which an
   * invalidation that returned keeps its word even when the bytes of a `set` that was given up are delivered after it, as
   * proxies and networks in trouble do. `false` is for filling a cache in bulk.
   *
   * @default true
   */
  guardSet?: boolean | undefined;

  /**
   * Compute now, whatever is stored, and store the new value: for one call, such as a reload that a user asked for. It waits
   * for nobody; what fails is thrown, and what was stored stays. Calls of the same key meanwhile are served what is stored.
   *
   * @default false
   */
  forceFresh?: boolean | undefined;

  /**
   * Cache `undefined` like any other value, rather than not at all.
   *
   * @default false
   */
  cacheUndefined?: boolean | undefined;

  /**
   * The fraction of the ttl that is taken off at most, at random, so that what was stored together does not expire
   * together. From 0 to 1; at least one second of the ttl is left.
   *
   * @default 0
   */
  jitter?: number | undefined;

  /**
   * Names that invalidate the value: `invalidateTags('author:7')` does so for every value that bears the tag.
   * Each costs a read beside the value's own, in the same trip. For tags known only from the value see `ctx.tag`.
   *
   * @default []
   */
  tags?: readonly string[] | undefined;

  /**
   * What a failure of the store is to the caller: nothing (it is counted, and the loader called), or an exception.
   *
   * @default 'ignore'
   */
  onStoreError?: 'ignore' | 'throw' | undefined;

  /**
   * What calls of one process get that wait for one value at the same time: the `same` object, to be treated as read-only, or
   * each a `copy` of his own, made by the codec, into which he may write. What cannot be stored is computed for each then.
   * Values that are no objects cost nothing.
   *
   * @default 'same'; for decorated methods `'copy'`, since interceptors and resolvers write into what they get
   */
  share?: 'same' | 'copy' | undefined;

  /**
   * How long ago a value may have been current that is served out of this process (`cache.near`), without asking memcached:
   * from 20 ms to a minute. `false` always asks. What is served so is one object for all with `share: 'same'`, otherwise
   * each gets his own.
   *
   * @default `maxAge` of `cache.near`; `false` without one
   */
  near?: Duration | false | undefined;

  /**
   * What a stored value has to fit, as a schema of Zod, Valibot, ArkType or whoever follows Standard Schema: one that does not,
   * such as that of the version before a deploy, is a miss, and counts as `unreadable`. It is looked at and not changed.
   */
  schema?: StandardSchema | undefined;

  /** Gives up waiting: the caller's promise rejects with the signal's reason; a load that nobody waits for is aborted. */
  signal?: AbortSignal | undefined;
}

/** Options of the cache itself, and the defaults of every policy. */
export interface MemcachedCacheOptions extends Omit<
  CachePolicy,
  'signal' | 'ttl' | 'forceFresh' | 'schema' | 'near'
> {
  /**
   * How long a value is fresh.
   *
   * @default '5m'
   */
  ttl?: Ttl | undefined;

  /**
   * Prefixes of keys; all keys under one can be invalidated together by `invalidateNamespace(prefix)`. Every value
   * under a prefix bears it like a tag, with a tag's cost.
   *
   * @default []
   */
  namespaces?: readonly string[] | undefined;

  /**
   * Keeps values in this process, in front of memcached's.
   *
   * @default none is kept
   */
  near?: NearOptions | undefined;

  /**
   * How long `close()` waits for what is being computed. What takes longer is stored no more; its loader is told by its signal,
   * and its callers get what it returns. 0 waits for nothing.
   *
   * @default '2s'
   */
  closeTimeout?: Duration | undefined;
}

/** Options of `update`. */
export interface UpdateOptions<V = unknown> {
  /**
   * How often `update` tries before it throws a `CasConflictError`; at least 1.
   *
   * @default 64
   */
  attempts?: number | undefined;

  /**
   * Bounds the pause before the second attempt, which is random between 0 and this; doubles with each attempt, up to
   * 64 times. 0 does not pause.
   *
   * @default '1ms'
   */
  backoff?: Duration | undefined;

  /** What `next` gets when nothing is stored: a value, or a function that fetches it. Without it, `next` gets `undefined`. */
  initial?: V | (() => V | Promise<V>) | undefined;

  /**
   * How long the new value is fresh.
   *
   * @default what is left to the value it replaces; the cache's `ttl` when there is none, and in the classic dialect, which
   * does not tell what is left
   */
  ttl?: Ttl | undefined;

  /**
   * The `grace` of the policy that the same key is read with by `getOrSet`.
   *
   * @default the cache's `grace`
   */
  grace?: Duration | undefined;

  /**
   * Tags of the value if it is new; a value that is replaced hands on its own.
   *
   * @default the cache's `tags`
   */
  tags?: readonly string[] | undefined;

  /** Gives up at once, with the signal's reason; what was written may still be carried out. */
  signal?: AbortSignal | undefined;
}

/** What commands take that store depending on what is there: `add`, `replace`, `append`, `cas` and their like. */
export interface ItemOptions {
  /**
   * How long the value is fresh.
   *
   * @default the cache's `ttl`; for what was there and is only changed (`append`), what is left of its own
   */
  ttl?: Ttl | undefined;

  /** As in `UpdateOptions`. @default the cache's `grace` */
  grace?: Duration | undefined;

  /** Tags of the value if it is new. @default the cache's `tags` */
  tags?: readonly string[] | undefined;

  /** Gives up at once, with the signal's reason; what was written may still be carried out. */
  signal?: AbortSignal | undefined;
}

/** What `get` takes: the policy that the key is read with, of which only `tags`, `grace`, `onStoreError` and `signal` matter. */
export interface CacheGetOptions<V = unknown> extends CachePolicy<V> {
  /**
   * Whether a stale value will do, within its grace or after a soft invalidation.
   *
   * @default false
   */
  stale?: boolean | undefined;
}

/** What `delete` takes. */
export type CacheDeleteOptions = Pick<CachePolicy, 'onStoreError' | 'signal'>;

/** Options of `invalidate`. */
export interface InvalidateOptions {
  /**
   * Keep the value for so long as a stale one, to be served while it is computed anew. 0 removes it; otherwise at
   * least one second; fractions round up.
   *
   * @default 0
   */
  soft?: Duration | undefined;
}

/** Options of `withLock`. */
export interface WithLockOptions {
  /**
   * The lock ends after so long even if the work does not; at least one second; fractions round up. The work's signal
   * is aborted then.
   */
  ttl: Duration;

  /**
   * Renews the lock while the work runs, until its `ttl`: this is how long it stands without a sign of life, so how long a
   * holder that died keeps the others out. A holder that could not renew it for so long, or finds it lost, is told by the
   * work's signal. At least one second; fractions round up.
   *
   * @default the whole `ttl`, without renewing
   */
  lease?: Duration | undefined;

  /**
   * How long to wait for a lock that somebody else holds. 0 does not wait.
   *
   * @default 0
   */
  wait?: Duration | undefined;

  /** Gives up waiting, with the signal's reason. */
  signal?: AbortSignal | undefined;
}
