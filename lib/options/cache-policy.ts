import { InvalidOptionsError } from '../errors.js';
import type {
  MemcachedCacheOptions,
  CachePolicy,
  InvalidateOptions,
  Ttl,
  UpdateOptions,
} from './cache-options.js';
import { nearOfPolicy, readNear, type ResolvedNearOptions } from './near-options.js';
import { policyInPlaceOf } from './policy-in-place.js';
import { standardSchema, type StandardSchema } from './standard-schema.js';
import {
  abortSignal,
  bool,
  checkObject,
  described,
  duration,
  func,
  integer,
  number,
  oneOf,
  optional,
  readObject,
  text,
  withDefault,
  type Reader,
  type Shape,
} from './schema.js';
import { atLeastOneSecond, bounded, readTtl, seconds, ttlOption } from './ttl-option.js';

/** The options of a policy, read one by one: times in whole seconds where the store counts them, else milliseconds. */
interface PolicySettings {
  ttl: number | ((value: never) => Ttl);
  grace: number;
  lease: number;
  leaseWait: number | undefined;
  serveStale: boolean;
  serveStaleIf: (error: unknown) => boolean;
  refreshAhead: number;
  softTimeout: number;
  hardTimeout: number;
  retryAfter: number;
  nullTtl: number | null | undefined;
  maxTtl: number;
  guardSet: boolean;
  forceFresh: boolean;
  share: 'same' | 'copy' | undefined;
  near: number;
  schema: StandardSchema | undefined;
  cacheUndefined: boolean;
  jitter: number;
  tags: readonly string[];
  onStoreError: 'ignore' | 'throw';
}

/**
 * How long a load shows signs of life at most, unless `leaseWait` is longer: nobody can tell a loader that hangs from one
 * that takes its time.
 */
const LOAD_LIMIT_MS = 30_000;

/** Most tags of a value: each costs a read of its own at every read of the value. */
export const MAX_TAGS = 256;

/** By how much the wait for a lease outlasts it: the store counts in whole seconds, and the wait looks now and then. */
const LEASE_WAIT_MARGIN_MS = 2000;

/** A policy with nothing left open, in the units the cache counts in; where it serves many calls, made once for them. */
export class ResolvedPolicy {
  /** Whole seconds, 0 = never expires; undefined where `ttlOf` says it for each value. */
  readonly ttlSeconds: number | undefined;
  /** The user's own function; what it returns is to be read by `readTtl`. */
  readonly ttlOf: ((value: never) => Ttl) | undefined;
  readonly graceSeconds: number;
  /** How long a right is kept without a sign of life. */
  readonly leaseMs: number;
  /** The same for the store: one second more, since it counts whole ones and may begin with the end of one. */
  readonly leaseSeconds: number;
  /** How long a load shows signs of life at most. */
  readonly loadLimitMs: number;
  /** The store hands out the right to refresh when fewer whole seconds than this are left; 0 = never. */
  readonly recacheSeconds: number;
  /** 0 = does not wait. */
  readonly leaseWaitMs: number;
  readonly serveStale: boolean;
  /** Whether a stale value stands in for this failure of the loader. */
  readonly serveStaleIf: (error: unknown) => boolean;
  /** 0 = none. */
  readonly softTimeoutMs: number;
  /** 0 = none. */
  readonly hardTimeoutMs: number;
  /** 0 = no pause. */
  readonly retryAfterMs: number;
  /** Whole seconds, 0 = never expires; undefined = as `ttl`, null = not cached. */
  readonly nullTtlSeconds: number | null | undefined;
  /** Whole seconds, 0 = no bound. */
  readonly maxTtlSeconds: number;
  readonly guardSet: boolean;
  readonly forceFresh: boolean;
  readonly share: 'same' | 'copy' | undefined;
  /** How long ago a value may have been current that is served out of this process: milliseconds; 0 = none is. */
  readonly nearMs: number;
  /** What a stored value has to fit. */
  readonly schema: StandardSchema | undefined;
  readonly cacheUndefined: boolean;
  readonly jitter: number;
  readonly tags: readonly string[];
  readonly throwStoreErrors: boolean;

  constructor(settings: Readonly<PolicySettings>, path: string) {
    this.ttlSeconds = typeof settings.ttl === 'number' ? bounded(settings.ttl, settings.maxTtl) : undefined;
    this.ttlOf = typeof settings.ttl === 'number' ? undefined : settings.ttl;
    this.graceSeconds = settings.grace;
    this.leaseMs = settings.lease * 1000;
    this.leaseSeconds = settings.lease + 1;
    this.loadLimitMs = Math.max(LOAD_LIMIT_MS, settings.leaseWait ?? 0);
    this.recacheSeconds = recacheSeconds(settings, path);
    this.leaseWaitMs = settings.leaseWait ?? LOAD_LIMIT_MS + this.leaseMs + LEASE_WAIT_MARGIN_MS;
    this.serveStale = settings.serveStale;
    this.serveStaleIf = settings.serveStaleIf;
    this.softTimeoutMs = settings.softTimeout;
    this.hardTimeoutMs = settings.hardTimeout;
    this.retryAfterMs = settings.retryAfter;
    this.nullTtlSeconds =
      typeof settings.nullTtl === 'number' ? bounded(settings.nullTtl, settings.maxTtl) : settings.nullTtl;
    this.maxTtlSeconds = settings.maxTtl;
    this.guardSet = settings.guardSet;
    this.forceFresh = settings.forceFresh;
    this.share = settings.share;
    this.nearMs = settings.near;
    this.schema = settings.schema;
    this.cacheUndefined = settings.cacheUndefined;
    this.jitter = settings.jitter;
    this.tags = settings.tags;
    this.throwStoreErrors = settings.onStoreError === 'throw';
    if (this.hardTimeoutMs > 0 && this.softTimeoutMs >= this.hardTimeoutMs) {
      throw new InvalidOptionsError(`${path}.softTimeout`, 'expected less than hardTimeout');
    }
  }

  /** The same with other terms, for one call. */
  with(terms: Partial<ResolvedPolicy>): ResolvedPolicy {
    return Object.assign(Object.create(ResolvedPolicy.prototype) as ResolvedPolicy, this, terms);
  }
}

/** The options of a cache with nothing left open; reads the policies that are given to single calls. */
export class ResolvedCacheOptions {
  /** What a policy is that says nothing. */
  readonly policy: ResolvedPolicy;
  readonly namespaces: readonly string[];
  readonly closeTimeoutMs: number;
  /** undefined = there is none. */
  readonly near: ResolvedNearOptions | undefined;
  readonly #settings: Readonly<PolicySettings>;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(options: MemcachedCacheOptions, path = 'cache') {
    const { namespaces, closeTimeout, near, ...settings } = readObject<CacheSettings>(
      options,
      path,
      CACHE,
      policyInPlaceOf,
    );
    this.near = near;
    this.#settings = {
      ...settings,
      near: near?.byDefault === true ? near.maxAge : 0,
      forceFresh: false,
      schema: undefined,
    };
    this.policy = new ResolvedPolicy(this.#settings, path);
    this.namespaces = namespaces;
    this.closeTimeoutMs = closeTimeout;
  }

  /**
   * Reads a policy over these defaults. An option that is undefined counts as not given. A `refreshAhead` that only the
   * defaults give is none where the ttl has no last part.
   *
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  policyOf<V>(policy: CachePolicy<V> | ResolvedPolicy | undefined, path = 'policy'): ResolvedPolicy {
    if (policy === undefined) return this.policy;
    if (policy instanceof ResolvedPolicy) return policy;
    checkObject(policy, path, policyInPlaceOf);
    const settings = { ...this.#settings } as Record<string, unknown>;
    // Only what is given is read: this runs in every call that brings its policy along.
    for (const name in policy) {
      const value = policy[name as keyof CachePolicy];
      if (value === undefined) continue;
      if (name === 'signal') {
        abortSignal(value, `${path}.signal`);
        continue;
      }
      const reader: Reader<unknown> | undefined = Object.hasOwn(POLICY, name)
        ? POLICY[name as keyof PolicySettings]
        : undefined;
      if (reader === undefined) readObject({ [name]: value }, path, POLICY);
      else settings[name] = reader(value, `${path}.${name}`);
    }
    if (settings.near !== 0 && this.near === undefined) {
      throw new InvalidOptionsError(
        `${path}.near`,
        'there is no near cache; write cache: { near: {} } in the options of the module',
      );
    }
    const read = settings as unknown as PolicySettings;
    // A default is a wish for those who can have it.
    if (policy.refreshAhead === undefined && !hasLastPart(read.ttl, read.maxTtl)) read.refreshAhead = 0;
    return new ResolvedPolicy(read, path);
  }
}

/** `UpdateOptions` with nothing left open. */
export interface ResolvedUpdate {
  readonly attempts: number;
  /** 0 = no pause. */
  readonly backoffMs: number;
  readonly initial: unknown;
  /** Whole seconds, 0 = never expires; undefined = what is left. */
  readonly ttlSeconds: number | undefined;
  /** undefined = the cache's. */
  readonly graceSeconds: number | undefined;
  /** undefined = the cache's. */
  readonly tags: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws {InvalidOptionsError} with the path of the wrong option. */
export function resolveUpdate(options: UpdateOptions<never>, path = 'update'): ResolvedUpdate {
  const read = readObject<UpdateSettings>(options, path, UPDATE);
  return {
    attempts: read.attempts,
    backoffMs: read.backoff,
    initial: read.initial,
    ttlSeconds: read.ttl,
    graceSeconds: read.grace,
    tags: read.tags,
    signal: read.signal,
  };
}

/** @returns for how many whole seconds the stale value is kept; 0 = not at all. @throws {InvalidOptionsError} likewise. */
export function resolveSoftSeconds(options: InvalidateOptions, path = 'invalidate'): number {
  return readObject<{ soft: number }>(options, path, INVALIDATE).soft;
}

/**
 * Whether a ttl has a last part in which its value may be computed anew: one of a function does not tell beforehand, and of one
 * second memcached counts no part.
 *
 * @param ttl whole seconds, 0 = never expires.
 * @param maxSeconds 0 = no bound.
 */
export function hasLastPart(ttl: PolicySettings['ttl'], maxSeconds = 0): boolean {
  return typeof ttl === 'number' && bounded(ttl, maxSeconds) !== 1;
}

function recacheSeconds(settings: Readonly<PolicySettings>, path: string): number {
  let ahead = 0;
  if (settings.refreshAhead > 0) {
    if (typeof settings.ttl === 'function') {
      throw new InvalidOptionsError(
        `${path}.refreshAhead`,
        'is a fraction of the ttl, which a function of the value does not tell beforehand',
      );
    }
    const ttl = bounded(settings.ttl, settings.maxTtl);
    if (ttl === 1) {
      throw new InvalidOptionsError(
        `${path}.refreshAhead`,
        "needs a ttl of at least '2s': memcached counts whole seconds, and one of one second has no last part",
      );
    }
    // A last part as long as the ttl would make every value due at once.
    ahead = Math.min(Math.ceil(ttl * settings.refreshAhead), Math.max(ttl - 1, 0));
  }
  const due = settings.grace + ahead;
  // memcached hands out the right when *fewer* seconds are left; a value is stale when no more than grace is left.
  return due === 0 ? 0 : due + 1;
}

const fractionBelowOne = described(
  (value, path) => {
    const fraction = number(0, 1)(value, path);
    if (fraction < 1) return fraction;
    throw new InvalidOptionsError(path, 'expected a number below 1');
  },
  { type: 'number', range: 'from 0, below 1' },
);

function names(what: string): Reader<readonly string[]> {
  const read = text();
  return described(
    (value, path) => {
      if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected an array of ${what}`);
      if (value.length > MAX_TAGS) {
        throw new InvalidOptionsError(path, `expected at most ${MAX_TAGS} ${what}, got ${value.length}`);
      }
      return Object.freeze(value.map((name, index) => read(name, `${path}[${index}]`)));
    },
    { range: `at most ${MAX_TAGS}` },
  );
}

type CacheSettings = Omit<PolicySettings, 'forceFresh' | 'schema' | 'near'> & {
  near: ResolvedNearOptions | undefined;
  namespaces: readonly string[];
  closeTimeout: number;
};

/** What may stand in the options of the cache as the default of every call. */
const DEFAULTS: Shape<Omit<PolicySettings, 'forceFresh' | 'schema' | 'near'>> = {
  ttl: withDefault<PolicySettings['ttl']>(
    described(
      (value, path) =>
        typeof value === 'function' ? (value as PolicySettings['ttl']) : readTtl(value, path),
      { range: 'at least 1s' },
    ),
    300,
    "'5m'",
  ),
  grace: withDefault(seconds, 0),
  lease: withDefault(atLeastOneSecond, 2, "'2s'"),
  leaseWait: optional(duration()),
  serveStale: withDefault(bool, true),
  serveStaleIf: withDefault(func<(error: unknown) => boolean>(), () => true),
  refreshAhead: withDefault(fractionBelowOne, 0),
  softTimeout: withDefault(duration(), 0),
  hardTimeout: withDefault(duration(), 0),
  retryAfter: withDefault(duration(), 1000),
  nullTtl: optional((value, path) => (value === 0 ? null : readTtl(value, path))),
  cacheUndefined: withDefault(bool, false),
  jitter: withDefault(number(0, 1), 0),
  tags: withDefault(names('tags'), []),
  maxTtl: withDefault(ttlOption, 0, 'none'),
  guardSet: withDefault(bool, true),
  onStoreError: withDefault(oneOf('ignore', 'throw'), 'ignore'),
  share: optional(oneOf('same', 'copy')),
};

/** One reader for each option of a policy. */
export const POLICY: Shape<PolicySettings> = {
  ...DEFAULTS,
  near: nearOfPolicy,
  forceFresh: withDefault(bool, false),
  schema: optional(standardSchema),
};

/** One reader for each option of the cache. */
export const CACHE: Shape<CacheSettings> = {
  ...DEFAULTS,
  near: optional(readNear, 'none'),
  namespaces: withDefault(names('prefixes'), []),
  closeTimeout: withDefault(duration(), 2000),
};

interface UpdateSettings {
  attempts: number;
  backoff: number;
  initial: unknown;
  ttl: number | undefined;
  grace: number | undefined;
  tags: readonly string[] | undefined;
  signal: AbortSignal | undefined;
}

/** One reader for each option of `update`. */
export const UPDATE: Shape<UpdateSettings> = {
  attempts: withDefault(integer(1), 64),
  backoff: withDefault(duration(), 1),
  initial: (value) => value,
  ttl: optional(ttlOption),
  grace: optional(seconds),
  tags: optional(names('tags'), "the cache's `tags`"),
  signal: optional(abortSignal),
};

/** One reader for each option of `invalidate`. */
export const INVALIDATE: Shape<{ soft: number }> = { soft: withDefault(seconds, 0) };
