import { CodecError, LoaderTimeoutError, ValueTooLargeError } from '../errors.js';
import type { CacheCall } from './cache-call.js';
import type { CacheParts } from './cache-parts.js';
import { entryFor, hitForMiss } from './entry.js';
import { keepOf, unknownFinding, type Finding } from './finding.js';
import type { Flight, Landing } from './flight.js';
import { aboutLoad, callLoader, Load, ttlOf } from './load.js';
import type { CacheEntry, CacheReading, TagVersion, Written } from './store.js';
import { versionsOf } from './tags.js';

/** Behind the cas token in a note beside a stale value: the load that had the right to replace it has left nothing to store. */
const IN_VAIN = ' in vain';

/** A value without tags. */
const NONE: readonly TagVersion[] = Object.freeze([]);

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
  readonly #abandon: (key: string, late: Finding) => void;

  /** @param abandon what is done with what a look finds that nobody waits for. */
  constructor(parts: CacheParts, abandon: (key: string, late: Finding) => void) {
    this.#in = parts;
    this.#abandon = abandon;
  }

  /**
   * Runs one flight.
   *
   * @param first what the read that led here found.
   * @param behind nobody waits: if another process computes, leave it to that.
   */
  async run(flight: Flight, call: CacheCall, first: Finding, behind: boolean): Promise<Landing> {
    const { refreshes } = this.#in.tracing;
    if (!behind || !refreshes.audience.hasSubscribers) return this.#run(flight, call, first, behind);
    try {
      return await refreshes.run({ keys: [call.key] }, async () => {
        const landing = await this.#run(flight, call, first, behind);
        if (landing.kind === 'error') throw landing.error;
        return landing;
      });
    } catch (error) {
      return { kind: 'error', error };
    }
  }

  async #run(flight: Flight, call: CacheCall, first: Finding, behind: boolean): Promise<Landing> {
    try {
      const found = await this.#right(flight, call, first, behind);
      return 'kind' in found ? found : await this.#compute(flight, call, found);
    } catch (error) {
      return { kind: 'error', error };
    }
  }

  /** Gives back a right that is not used, so that another process can win it before the lease is over. */
  giveBack(key: string, finding: Finding, keepSeconds: number | 'rest'): void {
    if (finding.right === 'ours') this.#in.reader.release(key, finding.cas, keepSeconds);
  }

  /** Looks until the right is ours, or the value is there, or the wait is over and the value is computed anyway. */
  async #right(flight: Flight, call: CacheCall, first: Finding, behind: boolean): Promise<Finding | Landing> {
    const { clock, order, polling, reader, store, events } = this.#in;
    const { key, policy } = call;
    const { storeTime } = flight;
    let startedAt: number | undefined;
    let waiting = false;
    let awaited = '';
    let claims = 0;
    let finding = first;
    for (;;) {
      if (finding.right === 'ours') return finding;
      if (finding.right === 'free' && (!finding.unclaimable || claims === MAX_CLAIMS)) return finding;
      if (storeTime.isOver) return behind ? { kind: 'none' } : finding;
      // Without the states of its tags nothing that comes could be served, nor could what is computed here be stored.
      if (finding.right === 'theirs' && finding.tags === undefined) return finding;
      // It may be nobody's: what is computed here is stored over what stands for it.
      if (finding.right === 'theirs' && !behind && store.mayHaveLost?.(key)) return finding;
      const now = clock.now();
      startedAt ??= now;
      const waitedMs = now - startedAt;
      const overdue =
        finding.right === 'theirs' &&
        claims < MAX_CLAIMS &&
        (await storeTime.within(this.#isDead(call, finding)));
      if (overdue || finding.right === 'free') {
        claims += 1;
        if (overdue) events.note('takeOver', key);
        await storeTime.within(this.#claim(call, finding));
      } else {
        if (behind) return { kind: 'none' };
        if (waitedMs >= policy.leaseWaitMs) return finding;
        if (awaited !== finding.cas) {
          if (awaited !== '' && (await storeTime.within(this.#gaveUp(call, finding, awaited))))
            return finding;
          awaited = finding.cas;
        }
        if (!waiting) {
          waiting = true;
          events.note('leaseWaited', key);
          call.onNoLoad?.();
        }
        const pause = polling.pause(waitedMs, policy.leaseWaitMs - waitedMs);
        flight.onAbort = () => pause.leave();
        flight.onDetach = () => pause.leave();
        await pause.over;
      }
      if (flight.abortion !== undefined) return { kind: 'error', error: flight.abortion.reason };
      if (flight.detached) return { ...finding, right: 'free', cas: '' };
      if (storeTime.isOver) continue;
      const before = order.next();
      const looked = await storeTime.look(reader.look(key, policy), waiting, (late) =>
        this.#abandon(key, late),
      );
      finding = looked ?? unknownFinding(clock.now());
      const served =
        finding.state === 'fresh' ||
        (finding.state === 'stale' && finding.right === 'theirs' && policy.serveStale && flight.cold);
      if (served) {
        return { kind: 'value', value: finding.entry?.value, stale: finding.state === 'stale', before };
      }
      // Whoever was waited for has found that there is nothing to store, and what the others get instead.
      if (waiting && finding.mark?.kind === 'hit-for-miss-result') {
        return { kind: 'value', value: finding.mark.value, stale: false, before };
      }
    }
  }

  /**
   * Whether somebody else's right is nobody's any more: it has been in the same hands for longer than a lease, without a
   * sign of life. A stub ends by itself then; one that outlasts the longest load is none.
   */
  async #isDead(call: CacheCall, finding: Finding): Promise<boolean> {
    const { reader, store, watch } = this.#in;
    const { key, policy } = call;
    watch.note(key, finding.cas);
    const heldForMs = watch.heldForMs(key, finding.cas);
    if (finding.reading?.hit === false) return heldForMs >= policy.loadLimitMs + policy.leaseMs;
    if (heldForMs < policy.leaseMs) return false;
    let alive = false;
    try {
      alive = await store.isAnnounced(key, finding.cas);
    } catch (error) {
      reader.storeFailed(key, policy, error);
    }
    if (alive) watch.restart(key, finding.cas);
    return !alive;
  }

  /** Whether a stale value is still there since the load that was waited for has left nothing to store. */
  async #gaveUp(call: CacheCall, finding: Finding, cas: string): Promise<boolean> {
    if (finding.state !== 'stale') return false;
    try {
      return await this.#in.store.isAnnounced(call.key, cas + IN_VAIN);
    } catch (error) {
      this.#in.reader.storeFailed(call.key, call.policy, error);
      return false;
    }
  }

  /** Takes what is in the way, or whoever does not come back, out of it; the next reader wins. */
  async #claim(call: CacheCall, finding: Finding): Promise<void> {
    const { reader, store } = this.#in;
    try {
      await store.release(call.key, finding.cas, keepOf(finding));
    } catch (error) {
      reader.storeFailed(call.key, call.policy, error);
    }
    reader.forget(call.key);
  }

  async #compute(flight: Flight, call: CacheCall, finding: Finding): Promise<Landing> {
    const { clock, order, retryPause, events } = this.#in;
    const { key, policy } = call;
    if (finding.right === 'ours') events.note('leaseWon', key);
    const loadedAt = clock.now();
    const load = new Load(flight, finding.entry, order);
    let remains: Remains = finding.state === 'fresh' ? 'as-it-is' : keepOf(finding);
    try {
      let value: unknown;
      let ttlSeconds: number | undefined;
      try {
        value = await this.#load(flight, call, finding, load);
        ttlSeconds = ttlOf(value, load, policy);
      } catch (error) {
        if (flight.abortion === undefined || error instanceof LoaderTimeoutError) {
          events.note('loadFailure', key, error);
          if (finding.state === 'absent') remains = 'mark';
          else retryPause.failed(key, error, policy.retryAfterMs);
        }
        return { kind: 'error', error };
      }
      if (!retryPause.isUnused) retryPause.succeeded(key);
      const unstored: Landing = { kind: 'value', value, stale: false, before: load.before };
      if (flight.detached) return unstored;
      if (ttlSeconds === undefined) {
        const shared =
          !load.skipped && load.tags.size === 0 && this.#in.tags.required(key, policy).length === 0;
        if (shared) remains = { result: value };
        else if (!load.skipped || finding.state === 'absent') remains = 'mark';
        return unstored;
      }
      if (finding.cas === '') return unstored;
      // Something newer than what is there has come; if it cannot be stored, neither may the old one stay.
      remains = 0;
      const untagged = load.tags.size === 0 && policy.tags.length === 0 && this.#in.tags.areOfPolicies;
      const isKnown = untagged && finding.tags !== undefined;
      // Whoever waits does not wait for a store that has been slow already; it is stored all the same.
      const onOver = (): void => flight.land({ ...unstored, isToBeStored: true });
      const { storeTime } = flight;
      const tags = isKnown ? NONE : await storeTime.of(this.#tagsOf(call, load, finding, loadedAt), onOver);
      if (tags === undefined) return unstored;
      // Nobody who begins after this may have the value without a look: an invalidation may pass between them.
      const stored = order.next();
      try {
        const storing = this.#store(call, finding, value, ttlSeconds, tags);
        const confirmed = await storeTime.of(storing, onOver);
        if (confirmed) remains = 'as-it-is';
        // The store does not compare the versions of tags: who joined later looks for himself.
        return confirmed && tags.length === 0
          ? { kind: 'value', value, stale: false, before: stored }
          : unstored;
      } catch (error) {
        if (error instanceof CodecError || error instanceof ValueTooLargeError) remains = 'mark';
        this.#in.reader.storeFailed(key, policy, error);
        return unstored;
      }
    } finally {
      // What was detached has given its right back already.
      const left = flight.detached ? undefined : this.#leave(call, finding, remains, loadedAt);
      if (left !== undefined) await flight.storeTime.within(left);
    }
  }

  /** Calls the loader, and shows signs of life while it runs. */
  async #load(flight: Flight, call: CacheCall, finding: Finding, load: Load): Promise<unknown> {
    const { clock, signs, events, tracing } = this.#in;
    const { key } = call;
    // The keys of a batch are loaded by one call, which is traced as one.
    const isBatched = call.onNoLoad !== undefined;
    const end = signs.accompany(flight, call, finding);
    flight.onDetach = () => {
      end();
      if (finding.state !== 'fresh') this.giveBack(call.key, finding, keepOf(finding));
    };
    // A look was under way when it was detached, and has won the right.
    if (flight.detached) flight.onDetach();
    const work = (): Promise<unknown> => callLoader(call, load, flight, clock, isBatched);
    const isTraced = tracing.loads.audience.hasSubscribers && !isBatched;
    events.note('load', key);
    try {
      return await (isTraced ? tracing.loads.run(aboutLoad([load]), work) : work());
    } finally {
      end();
      flight.onDetach = undefined;
      events.note('loadEnd', key);
    }
  }

  /**
   * Puts the key into the state that a load has left it in.
   *
   * @returns what is to be waited for: that a value is gone which others may hold. The rest helps others only.
   */
  #leave(
    call: CacheCall,
    finding: Finding,
    remains: Remains,
    loadedAt: number,
  ): Promise<unknown> | undefined {
    const { clock, events, store } = this.#in;
    const { key } = call;
    if (remains === 'as-it-is') return undefined;
    if (typeof remains === 'number' || remains === 'rest') {
      if (remains === 0 || finding.state !== 'stale' || finding.right !== 'ours') {
        this.giveBack(key, finding, remains);
        return undefined;
      }
      // Those who wait for it are to know, before one of them has the right, that they need not wait for each other.
      store
        .announce(key, finding.cas + IN_VAIN, call.policy.leaseSeconds)
        .catch((error: unknown) => events.note('storeError', key, error))
        .finally(() => this.giveBack(key, finding, remains));
      return undefined;
    }
    // Somebody else who is computing may yet have something to store.
    if (finding.cas === '' || finding.right === 'theirs') return undefined;
    const { entry, keepSeconds } = hitForMiss(
      clock.now() - loadedAt,
      remains === 'mark' ? undefined : remains,
    );
    const left = this.#write(call, entry, keepSeconds, finding).catch((error: unknown) => {
      events.note('storeError', key, error);
      this.giveBack(key, finding, 0);
    });
    return call.policy.forceFresh ? left : undefined;
  }

  /** The tags the value gets, with their versions before the load; undefined when these are not known for certain. */
  async #tagsOf(
    call: CacheCall,
    load: Load,
    finding: Finding,
    loadedAt: number,
  ): Promise<readonly TagVersion[] | undefined> {
    const { clock, reader, tags, events } = this.#in;
    const { key, policy } = call;
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
    call: CacheCall,
    finding: Finding,
    value: unknown,
    ttlSeconds: number,
    tags: readonly TagVersion[],
  ): Promise<boolean> {
    const { random, events } = this.#in;
    const { key, policy } = call;
    const { entry, keepSeconds } = entryFor(value, ttlSeconds, tags, policy, random);
    if ((await this.#write(call, entry, keepSeconds, finding)) === 'stored') return true;
    events.note('leaseLost', key);
    return false;
  }

  /** Writes over what was found. Others may hold that where its time is not over, and would look for nothing newer. */
  async #write(call: CacheCall, entry: CacheEntry, keepSeconds: number, finding: Finding): Promise<Written> {
    const { near, store } = this.#in;
    const { key, policy } = call;
    const reading = finding.reading as CacheReading;
    if (!policy.forceFresh) return store.writeLoaded(key, entry, keepSeconds, reading, false);
    near?.forget(key, false);
    try {
      return await store.writeLoaded(key, entry, keepSeconds, reading, true);
    } finally {
      near?.forget(key, true);
    }
  }
}

/**
 * What a load that stores nothing leaves under its key: what was there, for so many seconds or the rest of its ttl, with the
 * right given back; what was there as it is; or a mark by which others know that they need not wait, perhaps with the
 * result.
 */
type Remains = number | 'rest' | 'as-it-is' | 'mark' | { readonly result: unknown };
