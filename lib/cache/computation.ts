import { LoaderTimeoutError } from '../errors.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { CacheParts } from './cache-parts.js';
import type { Flight, Landing } from './flight.js';
import { callLoader, Load, ttlOf } from './load.js';
import type { Loader } from './load-context.js';
import { secondsLeft, writeOver, type Finding } from './finding.js';
import type { CacheEntry, TagVersion } from './store.js';
import { versionsOf } from './tags.js';

/** What is asked of a computation. */
export interface Request {
  readonly key: string;
  readonly loader: Loader<unknown>;
  readonly policy: ResolvedPolicy;
  /** Told once it is known that the loader is not called at once, since another process is computing. */
  readonly onWait?: (() => void) | undefined;
}

/** How often one computation removes what is in the way before it does without the lease. */
const MAX_CLAIMS = 3;

/**
 * Gets the right to compute a value, or the value from whoever has it; computes, stores, gives back.
 *
 * A value is stored only over what was found before its load began. So whatever happens between the steps, be it a
 * delete, a lease that ran out, a server that restarts or another winner, the store refuses a value that may be old.
 */
export class Computation {
  readonly #in: CacheParts;

  constructor(parts: CacheParts) {
    this.#in = parts;
  }

  /**
   * Runs one flight.
   *
   * @param first what the read that led here found.
   * @param behind nobody waits: if another process computes, leave it to that.
   */
  async run(flight: Flight, request: Request, first: Finding, behind: boolean): Promise<Landing> {
    try {
      const found = await this.#right(flight, request, first, behind);
      return 'kind' in found ? found : await this.#compute(flight, request, found, behind);
    } catch (error) {
      return { kind: 'error', error };
    }
  }

  /** Gives back a right that is not used, so that another process can win it before the lease is over. */
  giveBack(key: string, finding: Finding, keep: boolean): void {
    const { clock, store, events } = this.#in;
    if (finding.right !== 'ours') return;
    const keepSeconds = keep ? secondsLeft(finding, clock.now()) : 0;
    // Not awaited: it helps others only, and a store that hangs would hold up the caller.
    store
      .release(key, finding.cas, keepSeconds)
      .catch((error: unknown) => events.note('storeError', key, error));
  }

  /** Looks until the right is ours, or the value is there, or the wait is over and the value is computed anyway. */
  async #right(
    flight: Flight,
    request: Request,
    first: Finding,
    behind: boolean,
  ): Promise<Finding | Landing> {
    const { clock, order, polling, reader, events, watch } = this.#in;
    const { key, policy } = request;
    const startedAt = clock.now();
    let waiting = false;
    let claims = 0;
    let finding = first;
    for (;;) {
      if (finding.right === 'ours') return finding;
      if (finding.right === 'free' && (!finding.unclaimable || claims === MAX_CLAIMS)) return finding;
      const overdue =
        finding.right === 'theirs' &&
        claims < MAX_CLAIMS &&
        watch.overdue(key, finding.cas, policy.leaseSeconds * 1000);
      if (overdue || finding.right === 'free') {
        claims += 1;
        if (overdue) events.note('takeOver', key);
        await this.#claim(request, finding);
      } else {
        if (behind) return { kind: 'none' };
        const waitedMs = clock.now() - startedAt;
        if (waitedMs >= policy.leaseWaitMs) return finding;
        if (!waiting) {
          waiting = true;
          events.note('leaseWaited', key);
          request.onWait?.();
        }
        const pause = polling.pause(waitedMs, policy.leaseWaitMs - waitedMs);
        flight.onAbort = () => pause.leave();
        await pause.over;
      }
      if (flight.abortion !== undefined) return { kind: 'error', error: flight.abortion.reason };
      const before = order.next();
      finding = await reader.look(key, policy);
      const served =
        finding.state === 'fresh' ||
        (finding.state === 'stale' && finding.right === 'theirs' && policy.serveStale && flight.cold);
      if (served) {
        return { kind: 'value', value: finding.entry?.value, stale: finding.state === 'stale', before };
      }
    }
  }

  /** Takes what is in the way, or whoever does not come back, out of it; the next reader wins. */
  async #claim(request: Request, finding: Finding): Promise<void> {
    const { clock, reader, store } = this.#in;
    const keepSeconds = finding.state === 'stale' ? secondsLeft(finding, clock.now()) : 0;
    try {
      await store.release(request.key, finding.cas, keepSeconds);
    } catch (error) {
      reader.storeFailed(request.key, request.policy, error);
    }
    reader.forget(request.key);
  }

  async #compute(flight: Flight, request: Request, finding: Finding, behind: boolean): Promise<Landing> {
    const { clock, order, retryPause, events } = this.#in;
    const { key, loader, policy } = request;
    if (finding.right === 'ours') events.note('leaseWon', key);
    const loadedAt = clock.now();
    const before = order.next();
    const load = new Load(flight, finding.entry, behind);
    let value: unknown;
    let ttlSeconds: number | undefined;
    events.note('load', key);
    try {
      value = await callLoader(loader, load, flight, policy, clock);
      ttlSeconds = ttlOf(value, load, policy);
    } catch (error) {
      if (flight.abortion === undefined || error instanceof LoaderTimeoutError) {
        events.note('loadFailure', key, error);
        if (finding.state !== 'absent') retryPause.failed(key, error, policy.retryAfterMs);
      }
      // A value that is still fresh would become stale by being given back; it is taken over once it is.
      if (finding.state !== 'fresh') this.giveBack(key, finding, finding.state === 'stale');
      return { kind: 'error', error };
    }
    retryPause.succeeded(key);
    const unstored: Landing = { kind: 'value', value, stale: false, before };
    if (ttlSeconds === undefined) {
      if (!load.skipped || finding.state !== 'fresh') {
        this.giveBack(key, finding, load.skipped && finding.state === 'stale');
      }
      return unstored;
    }
    if (finding.cas === '') return unstored;
    const tags = await this.#tagsOf(request, load, finding, loadedAt);
    if (tags === undefined) {
      this.giveBack(key, finding, false);
      return unstored;
    }
    // Nobody who begins after this may have the value without a look: an invalidation may pass between them.
    const stored = order.next();
    const confirmed = await this.#store(request, finding, value, ttlSeconds, tags);
    // The store does not compare the versions of tags: who joined later looks for himself.
    return confirmed && tags.length === 0 ? { kind: 'value', value, stale: false, before: stored } : unstored;
  }

  /** The tags the value gets, with their versions before the load; undefined when these are not known for certain. */
  async #tagsOf(
    request: Request,
    load: Load,
    finding: Finding,
    loadedAt: number,
  ): Promise<readonly TagVersion[] | undefined> {
    const { clock, reader, tags, events } = this.#in;
    const { key, policy } = request;
    const { tags: known } = finding;
    if (known === undefined) return undefined;
    const required = tags.required(key, policy);
    const late = [...load.tags].filter((tag) => !required.includes(tag));
    tags.remember(key, late);
    const result = versionsOf([...required, ...late.filter((tag) => known.has(tag))], known);
    const unknown = late.filter((tag) => !known.has(tag));
    if (unknown.length === 0) return result;
    try {
      const proven = await tags.provenSince(() => clock.now() - loadedAt, unknown);
      if (proven !== undefined) return [...result, ...proven];
      events.note('leaseLost', key);
    } catch (error) {
      reader.storeFailed(key, policy, error);
    }
    return undefined;
  }

  /** @returns whether the value was stored, so that nothing has changed under the key since the read. */
  async #store(
    request: Request,
    finding: Finding,
    value: unknown,
    ttlSeconds: number,
    tags: readonly TagVersion[],
  ): Promise<boolean> {
    const { random, reader, store, events } = this.#in;
    const { key, policy } = request;
    const { entry, keepSeconds } = entryFor(value, ttlSeconds, tags, policy, random);
    try {
      if (await writeOver(store, key, finding, entry, keepSeconds)) return true;
      events.note('leaseLost', key);
    } catch (error) {
      this.giveBack(key, finding, false);
      reader.storeFailed(key, policy, error);
    }
    return false;
  }
}

/** An entry and how long the store keeps it: the ttl less some jitter, and the grace. */
export function entryFor(
  value: unknown,
  ttlSeconds: number,
  tags: readonly TagVersion[],
  policy: ResolvedPolicy,
  random: () => number,
): { entry: CacheEntry; keepSeconds: number } {
  if (ttlSeconds === 0) return { entry: { value, tags, steady: false }, keepSeconds: 0 };
  const jittered = Math.max(1, ttlSeconds - Math.floor(random() * policy.jitter * ttlSeconds));
  const aheadSeconds = policy.recacheSeconds === 0 ? 0 : policy.recacheSeconds - 1 - policy.graceSeconds;
  const steady =
    aheadSeconds > 0 &&
    (jittered <= aheadSeconds || (policy.ttlSeconds !== undefined && ttlSeconds < policy.ttlSeconds));
  return { entry: { value, tags, steady }, keepSeconds: jittered + policy.graceSeconds };
}
