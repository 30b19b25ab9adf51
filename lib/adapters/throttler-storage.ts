import { ConnectionError, MemcachedError } from '../errors.js';
import { oneOf, readObject, type Shape, withDefault } from '../options/schema.js';
import { callersNow } from './callers-time.js';
import { isMistake } from './mistakes.js';
import { escapedName, FAMILIES, OWN } from './own-keys.js';
import { clientOf, type MemcachedSource, type SharedClient } from './shared-client.js';
import type { StrictClient } from './strict-client.js';

/** Options of `MemcachedThrottlerStorage`. */
export interface ThrottlerStorageOptions {
  /**
   * `fixed`: a window begins with the first hit and ends after its ttl, or up to a second later, two where that is no whole
   * number of seconds; a hit is one request.
   * `sliding`: the hits of the ttl before count as well, the fewer the longer they are over. A hit is then three requests in
   * two trips (without blocks, two in one), and the processes' clocks have to agree. Windows of less than 5 s slide always,
   * since memcached counts whole seconds.
   *
   * @default 'fixed'
   */
  window?: 'fixed' | 'sliding' | undefined;

  /**
   * What a hit is while its server is away: let through (`open`), or blocked (`closed`).
   *
   * @default 'open'
   */
  onStoreError?: 'open' | 'closed' | undefined;
}

/** What `@nestjs/throttler` wants to know of a hit; times in whole seconds, rounded up. */
export interface ThrottlerRecord {
  totalHits: number;
  timeToExpire: number;
  isBlocked: boolean;
  timeToBlockExpire: number;
}

/** Below it a fixed window would be too coarse: memcached's seconds end up to one early. */
const SHORTEST_FIXED_MS = 5000;

const PREFIX = `${OWN}${FAMILIES.throttler}:`;

const OPTIONS: Shape<Required<ThrottlerStorageOptions>> = {
  window: withDefault(oneOf('fixed', 'sliding'), 'fixed'),
  onStoreError: withDefault(oneOf('open', 'closed'), 'open'),
};

/** No window and no block is longer: as good as for ever, and still a number to count slices and times by. */
const LONGEST_MS = 1e15;

/** One hit, as the guard tells of it. */
interface Hit {
  readonly key: string;
  readonly ttlMs: number;
  readonly limit: number;
  /** 0: what is over the limit is refused and not counted, and nothing is blocked. */
  readonly blockMs: number;
}

/**
 * Counts hits for `@nestjs/throttler` on memcached, for all processes together: of any burst exactly `limit` are let through.
 *
 * One request for each hit, which counts and tells the time left; one more by the hit that crosses the limit, which blocks.
 *
 * @example
 * ThrottlerModule.forRootAsync({
 *   inject: [MemcachedService],
 *   useFactory: (memcached: MemcachedService) => ({
 *     throttlers: [{ ttl: 60_000, limit: 100 }],
 *     storage: new MemcachedThrottlerStorage(memcached),
 *   }),
 * });
 */
export class MemcachedThrottlerStorage {
  readonly #shared: SharedClient;
  readonly #client: StrictClient;
  readonly #isSliding: boolean;
  readonly #isOpen: boolean;

  /**
   * @param source the application's `MemcachedService` or client, which stays open; or options of the module, from which the
   *   storage makes a service of its own, closed with the application.
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  constructor(source: MemcachedSource, options: ThrottlerStorageOptions = {}) {
    const { window, onStoreError } = readObject(options, '', OPTIONS, "{ window: 'sliding' }");
    this.#shared = clientOf(source);
    this.#client = this.#shared.client;
    this.#isSliding = window === 'sliding';
    this.#isOpen = onStoreError === 'open';
  }

  /**
   * Counts a hit, and says whether it is over the limit.
   *
   * @param ttl length of the window in milliseconds.
   * @param blockDuration for how long the hit over the limit blocks, in milliseconds; 0 blocks nothing beyond the window.
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    const hit: Hit = {
      key: `${PREFIX}${escapedName(throttlerName)}:${key}`,
      ttlMs: Math.min(Math.max(ttl, 1), LONGEST_MS),
      limit,
      blockMs: Math.min(Math.max(blockDuration, 0), LONGEST_MS),
    };
    try {
      if (this.#isSliding || hit.ttlMs < SHORTEST_FIXED_MS) return await this.#inSlidingWindow(hit);
      return await this.#inFixedWindow(hit);
    } catch (error) {
      if (!isFailure(error)) throw error;
      return this.#isOpen ? recordOf(hit, 1, hit.ttlMs, 0) : recordOf(hit, limit + 1, hit.ttlMs, hit.ttlMs);
    }
  }

  /** Called by Nest when the application ends. */
  onApplicationShutdown(): Promise<void> {
    return this.#shared.close();
  }

  async #inFixedWindow(hit: Hit): Promise<ThrottlerRecord> {
    const { key, ttlMs, limit, blockMs } = hit;
    const counted = await this.#client.count(key, { initial: 1, ttl: kept(ttlMs) });
    if (counted === undefined) throw noServer();
    const { value, ttl = ttlMs } = counted;
    if (value <= limit) return recordOf(hit, value, Math.min(ttl, ttlMs), 0);
    if (blockMs === 0) return recordOf(hit, value, Math.min(ttl, ttlMs), Math.min(ttl, ttlMs));
    if (value > limit + 1) return recordOf(hit, value, Math.min(ttl, ttlMs), Math.min(ttl, blockMs));
    // Whoever crosses the limit blocks. If he dies before he does, the block lasts until the window ends.
    await unlessFailed(this.#block(hit));
    return recordOf(hit, value, Math.min(ttl, ttlMs), blockMs);
  }

  /** Keeps a counter that is over its limit. Where its window has just ended, another takes its place, as far over it. */
  async #block({ key, limit, blockMs }: Hit): Promise<void> {
    if (await this.#client.touch(key, kept(blockMs))) return;
    await this.#client.count(key, { by: limit + 1, initial: limit + 1, ttl: kept(blockMs) });
  }

  /** Slices of time as long as the window: the present one, and what of the one before still counts. */
  async #inSlidingWindow(hit: Hit): Promise<ThrottlerRecord> {
    const { key, ttlMs, limit, blockMs } = hit;
    const now = callersNow();
    // When the last block ends, or has ended.
    const blockedUntil = blockMs === 0 ? 0 : ((await this.#client.get<number>(`${key}:block`)) ?? 0);
    const slice = Math.floor(now / ttlMs);
    const leftMs = (slice + 1) * ttlMs - now;
    if (blockedUntil > now) return recordOf(hit, limit + 1, leftMs, blockedUntil - now);
    // Counting begins anew after a block, on counters that are named after it; slices that begin later have a name of their own
    // already. So none has another name once the block is forgotten, after two slices at the earliest.
    const counter = (each: number): string =>
      `${key}:${each * ttlMs < blockedUntil ? blockedUntil : 0}:${each}`;
    const looking = this.#client.count(counter(slice - 1), { by: 0 });
    looking.catch(() => undefined); // told below, unless the present slice says enough
    const counted = await this.#client.count(counter(slice), { initial: 1, ttl: kept(2 * ttlMs) });
    if (counted === undefined) throw noServer();
    const past = counted.value > limit ? 0 : ((await looking)?.value ?? 0);
    const hits = counted.value + Math.floor((past * leftMs) / ttlMs);
    if (hits <= limit) return recordOf(hit, hits, leftMs, 0);
    if (blockMs === 0) {
      // Those who are refused do not keep themselves out.
      await unlessFailed(this.#client.decr(counter(slice), 1));
      return recordOf(hit, hits, leftMs, leftMs);
    }
    const options = { ttl: kept(blockMs + 2 * ttlMs) };
    await unlessFailed(this.#client.set(`${key}:block`, now + blockMs, options));
    return recordOf(hit, hits, leftMs, blockMs);
  }
}

/** memcached lets a ttl of whole seconds end up to one early; a limit ends no earlier than it should. */
function kept(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000) * 1000 + 1000;
}

/** @param hits of which all that are over the limit are one: they are not counted. */
function recordOf({ limit }: Hit, hits: number, leftMs: number, blockedMs: number): ThrottlerRecord {
  return {
    totalHits: Math.min(hits, limit + 1),
    timeToExpire: Math.ceil(leftMs / 1000),
    isBlocked: blockedMs > 0,
    timeToBlockExpire: Math.ceil(blockedMs / 1000),
  };
}

/** Whoever is known to be over the limit is told so, whatever becomes of what he leaves behind. */
async function unlessFailed(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
}

/** What has gone wrong on the way or on the server, rather than what the caller has done wrong. */
function isFailure(error: unknown): boolean {
  return error instanceof MemcachedError && !isMistake(error);
}

function noServer(): MemcachedError {
  return new ConnectionError('no server counts', '', 'not-sent');
}
