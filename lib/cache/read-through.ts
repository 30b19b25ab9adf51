import { ClientClosedError } from '../errors.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import { LoadingRead } from './callers-reads.js';
import { within } from './clock.js';
import { callOf, type CacheCall } from './cache-call.js';
import type { CacheParts } from './cache-parts.js';
import { Computation } from './computation.js';
import { Flight, Flights, landingOf } from './flight.js';
import { isKept, isPlainHit, judge, keepOf, unknownFinding, type Finding } from './finding.js';
import type { CacheReading } from './store.js';
import type { Loader } from './load-context.js';
import { loaderWaitsForItself } from './self-wait.js';
import { StoreTime } from './store-time.js';
import { NO_TAGS } from './tags.js';
import { valuesOf } from './window.js';

/**
 * Serves values: at once where one may be served, otherwise by joining or beginning a computation.
 *
 * A value is served to a call only if the read or the load it comes from began after the call did, or if the store
 * has confirmed since the call that nothing had changed. So a call that begins after an invalidation has returned,
 * in whatever process, is never served an older value.
 */
export class ReadThrough {
  readonly #in: CacheParts;
  readonly #computation: Computation;
  readonly #flights = new Flights();
  /** Everything that is being computed, whether it may still be joined or not, until it is done. */
  readonly #running = new Map<Flight, Promise<void>>();
  /** Reads whose right is used. */
  readonly #claimed = new WeakSet<CacheReading>();
  #closed = false;

  constructor(parts: CacheParts) {
    this.#in = parts;
    this.#computation = new Computation(parts, (key, late) => this.#giveBack(key, late));
  }

  /** Serves a call without a signal. Of a warm read nothing is made but the promise of its value. */
  read(key: string, loader: Loader<unknown>, policy: ResolvedPolicy): Promise<unknown> {
    const { events, near, order, reader } = this.#in;
    const kept = near?.find(key, policy);
    if (kept !== undefined) return kept;
    const began = order.now;
    if (policy.forceFresh || this.#mayHaveTags(policy) || this.#flights.get(key)?.cold) {
      return this.#serve(callOf(key, loader, policy, began), false);
    }
    const asked = new LoadingRead(key, policy, events.hitAudience.hasSubscribers, loader, began);
    return reader.readFor(asked, this.#onAnswer);
  }

  /** Serves one call, until its signal is aborted. @param asksNear false where the near cache was asked before. */
  get(call: CacheCall, asksNear = true): Promise<unknown> {
    const { signal } = call;
    if (signal === undefined) return this.#serve(call, asksNear);
    return this.#in.aborts.until(
      signal,
      async () => this.#serve(call, asksNear),
      () => {
        call.gone = true;
        const { flight } = call;
        if (flight?.leave()) flight.close();
      },
    );
  }

  /**
   * Serves many calls of one policy, each as `get` does, in one trip to the store.
   *
   * @param signal of all of them.
   * @param callOf makes the call of a key by its position; asked for only where a read finds no plain hit.
   * @param onAllFound told once it is known of which keys it is asked for.
   * @returns their values, in the order of `keys`.
   * @throws what the first of those that fail, in that order, fails with; once all are settled.
   */
  async getMany(
    keys: readonly string[],
    policy: ResolvedPolicy,
    signal: AbortSignal | undefined,
    callOf: (index: number) => CacheCall,
    onAllFound: () => void,
  ): Promise<unknown[]> {
    const { near } = this.#in;
    if (near === undefined) return this.#readMany(keys, policy, signal, callOf, onAllFound);
    return near.findMany(keys, policy, (others, positions) =>
      this.#readMany(others, policy, signal, (index) => callOf(positions[index]), onAllFound),
    );
  }

  async #readMany(
    keys: readonly string[],
    policy: ResolvedPolicy,
    signal: AbortSignal | undefined,
    callOf: (index: number) => CacheCall,
    onAllFound: () => void,
  ): Promise<unknown[]> {
    const { reader } = this.#in;
    const isSingly = policy.forceFresh || signal !== undefined || this.#mayHaveTags(policy);
    if (isSingly || keys.some((key) => this.#flights.get(key)?.cold)) {
      const together = reader.together();
      const served = keys.map((_key, index) => {
        const one = callOf(index);
        one.together = together;
        return this.#finished(one, (call) => this.get(call, false));
      });
      onAllFound();
      return valuesOf(await Promise.allSettled(served));
    }
    const { values, others } = await reader.readEach(keys, policy, 'for rights');
    const served = Array.from(others, ([index, { reading, error }]) =>
      this.#finished(callOf(index), (call) =>
        reading === undefined ? this.#blind(call, error) : this.#seenAlone(call, reading),
      ),
    );
    onAllFound();
    if (served.length === 0) return values;
    const later = valuesOf(await Promise.allSettled(served));
    Array.from(others.keys()).forEach((index, position) => (values[index] = later[position]));
    return values;
  }

  /** Nobody joins the computation of the key, or of any, any more; and what begins from now on reads anew. */
  forget(key?: string, isDone = false): void {
    if (key === undefined) this.#flights.clear();
    else this.#flights.delete(key);
    this.#in.reader.forget(key);
    this.#in.near?.forget(key, isDone);
  }

  /**
   * Begins no more refreshes, waits for what is being computed, and gives back the rights of what takes longer than `waitMs`:
   * its callers get what their loaders return, and nothing is stored.
   */
  async close(waitMs: number): Promise<void> {
    this.#closed = true;
    const { clock, store } = this.#in;
    if (waitMs > 0) await within(clock, waitMs, Promise.all([...this.#running.values(), store.settled?.()]));
    for (const flight of this.#running.keys()) flight.detach(new ClientClosedError('the cache was closed'));
    this.#in.signs.close();
  }

  #serve(call: CacheCall, asksNear: boolean): Promise<unknown> {
    const { key, policy } = call;
    if (policy.forceFresh) return this.#force(call);
    const kept = asksNear ? this.#in.near?.serve(call) : undefined;
    if (kept !== undefined) return kept;
    const flight = this.#flights.get(key);
    if (flight?.cold && flight.isCalling) throw loaderWaitsForItself(key);
    if (flight?.cold || this.#mayHaveTags(policy)) return this.#obtain(call);
    return this.#in.reader.read(key, policy, call.together).then(
      (reading) => this.#answered(call, reading),
      (error: unknown) => this.#blind(call, error),
    );
  }

  /** One for all calls: in their own context, as what it does for a miss is theirs. */
  readonly #onAnswer = (answer: unknown): unknown => {
    if (answer instanceof LoadingRead) return this.#onLoadingRead(answer);
    this.#in.events.countHit();
    return answer;
  };

  /** What a call is served whose read has said more than a value. */
  #onLoadingRead({ key, policy, loader, began, reading, error }: LoadingRead): unknown {
    if (reading === undefined) return this.#blind(callOf(key, loader, policy, began), error);
    if (!isPlainHit(reading, policy)) return this.#seenAlone(callOf(key, loader, policy, began), reading);
    this.#in.events.noteHit(key);
    return reading.value?.value;
  }

  /** Whether a value may need the states of tags to be judged by, which are read beside it. */
  #mayHaveTags(policy: ResolvedPolicy): boolean {
    return policy.tags.length > 0 || !this.#in.tags.areOfPolicies;
  }

  /** Serves one of many calls; then at the latest it is known whether its loader is called. */
  async #finished(call: CacheCall, serve: (call: CacheCall) => unknown): Promise<unknown> {
    try {
      return await serve(call);
    } finally {
      call.onNoLoad?.();
    }
  }

  /** Computes whatever is there, and stores over what is there before the load begins. */
  async #force(call: CacheCall): Promise<unknown> {
    const found = this.#claimable(call.key, await this.#look(call));
    if (call.gone) {
      this.#giveBack(call.key, found);
      throw call.signal?.reason;
    }
    const right = found.right === 'ours' ? 'ours' : 'free';
    return this.#landing(call, this.#begin(call, { ...found, right, unclaimable: false }, false), 'begun');
  }

  /** What a call is served after a read that asked for no tags: the value or its promise. */
  #answered(call: CacheCall, reading: CacheReading): unknown {
    if (!isPlainHit(reading, call.policy)) return this.#seenAlone(call, reading);
    this.#note(call, 'hit');
    return reading.value?.value;
  }

  /** The same where that was no plain hit. */
  #seenAlone(call: CacheCall, reading: CacheReading): unknown {
    const { clock, reader, tags } = this.#in;
    const { key, policy } = call;
    const joined = this.#missed(call, reading);
    if (joined !== undefined) return joined;
    const required = tags.areOfPolicies ? policy.tags : tags.required(key, policy);
    if (reading.value === undefined) {
      return this.#seen(call, judge(reading, policy.graceSeconds, NO_TAGS, required, clock.now()));
    }
    const finding = reader.judge(key, policy, required, reading, NO_TAGS);
    return finding instanceof Promise
      ? finding.then((late) => this.#seen(call, late))
      : this.#seen(call, finding);
  }

  /** The short way of many calls of a cold key: what is missing, and the value on its way. */
  #missed(call: CacheCall, reading: CacheReading): Promise<unknown> | undefined {
    const flight = this.#flights.get(call.key);
    const joins = !reading.hit && flight?.cold && !call.gone && (!reading.won || this.#claimed.has(reading));
    if (!joins) return undefined;
    this.#in.events.note('miss', call.key);
    return this.#landing(call, flight, 'joined');
  }

  /** What a call is served that the store did not answer. */
  #blind(call: CacheCall, error: unknown): unknown {
    this.#in.reader.readFailed(call.key, call.policy, error, 'for rights');
    return this.#seen(call, unknownFinding(this.#in.clock.now()));
  }

  /** The long way: joins the computation of a value, or looks at the entry and its tags, for what a slow store has left of its time. */
  async #obtain(call: CacheCall, usedMs = 0): Promise<unknown> {
    const flight = this.#flights.get(call.key);
    if (flight?.cold) return this.#landing(call, flight, 'joined');
    if (usedMs === 0) return this.#seen(call, await this.#look(call));
    const time = new StoreTime(this.#in, usedMs);
    const found = time.isOver
      ? undefined
      : await time.look(this.#look(call), false, (late) => this.#giveBack(call.key, late));
    call.storeMs = time.usedMs;
    return this.#seen(call, found ?? unknownFinding(this.#in.clock.now()));
  }

  #look({ key, policy, together }: CacheCall): Promise<Finding> {
    return this.#in.reader.look(key, policy, 'for rights', together);
  }

  /** What a call is served after a look: the value or its promise. */
  #seen(call: CacheCall, seen: Finding): unknown {
    const { key } = call;
    call.storeMs += seen.tagsMs;
    const finding = this.#claimable(key, seen);
    if (call.gone) {
      this.#giveBack(key, finding);
      throw call.signal?.reason;
    }
    if (this.#servesAtOnce(call, finding)) return finding.entry?.value;
    if (finding.state !== 'stale') this.#in.events.missed(key, finding.reading);
    const joined = this.#joinable(key, finding);
    if (joined !== undefined) return this.#landing(call, joined, 'joined', finding);
    return this.#landing(call, this.#begin(call, finding, false), 'begun', finding);
  }

  /**
   * What a flight lands with, if that is for this call; a call that began too late for it looks again.
   *
   * @param finding what the call has found: where it is stale, it stands in for a value that comes late or not at all.
   */
  #landing(call: CacheCall, flight: Flight, how: 'begun' | 'joined', finding?: Finding): Promise<unknown> {
    const stale = finding?.state === 'stale' ? finding : undefined;
    if (how === 'joined') call.onNoLoad?.();
    flight.join();
    call.flight = flight;
    const isForced = how === 'begun' && call.policy.forceFresh;
    const landed = isForced ? flight.own : landingOf(flight, stale, call.policy, this.#in.clock);
    return landed.then((landing) => {
      call.flight = undefined;
      if (how === 'joined') call.joined = flight.load;
      if (landing.kind === 'value' && call.began < landing.before) {
        if (landing.stale) this.#note(call, 'stale');
        else if (how === 'joined') this.#note(call, 'shared');
        if (call.policy.share !== 'copy') return landing.value;
        const isAlone = isForced || landing.value === stale?.entry?.value;
        const own = flight.ofOne(landing, isAlone, this.#in.store);
        return own instanceof Promise ? own.catch(() => this.#computeFor(call)) : own;
      }
      if (landing.kind !== 'error') return this.#obtain(call, call.storeMs + flight.storeTime.usedMs);
      const mayStandIn = stale !== undefined && isKept(stale, this.#in.clock.now());
      if (!mayStandIn || !call.policy.serveStaleIf(landing.error)) throw landing.error;
      this.#note(call, 'stale');
      return stale.entry?.value;
    });
  }

  /** Computes for one call alone. */
  #computeFor(call: CacheCall): Promise<unknown> {
    const policy = call.policy.with({ forceFresh: true });
    return this.#force({ ...call, policy, began: this.#in.order.now });
  }

  /** Whether what was found may be served without waiting; begins what has to be done behind the response. */
  #servesAtOnce(call: CacheCall, finding: Finding): boolean {
    const { retryPause, watch } = this.#in;
    const { key, policy } = call;
    if (finding.state === 'fresh') {
      this.#note(call, 'hit');
      const due =
        finding.right === 'ours' &&
        finding.entry?.kind !== 'no-refresh-ahead' &&
        retryPause.pausing(key) === undefined;
      if (due) this.#refresh(call, finding);
      // Whoever has the right from here on, it will not be handed out again: remember since when.
      else if (finding.right !== 'free') watch.note(key, finding.cas);
      return true;
    }
    if (finding.state === 'absent') return false;
    const failing = retryPause.pausing(key);
    if (failing !== undefined) {
      if (!policy.serveStaleIf(failing.error)) return false;
      if (finding.right === 'ours') retryPause.hold(key, finding.cas);
    } else {
      if (!policy.serveStale) return false;
      if (finding.right === 'theirs') watch.note(key, finding.cas);
      const silent = watch.heldForMs(key, finding.cas) >= policy.leaseMs;
      if (finding.right !== 'theirs' || silent) this.#refresh(call, finding);
    }
    this.#note(call, 'stale');
    return true;
  }

  /** Counts what a call is served. */
  #note(call: CacheCall, served: 'hit' | 'stale' | 'shared'): void {
    call.served = served;
    this.#in.events.note(served, call.key);
  }

  #refresh(call: CacheCall, finding: Finding): void {
    if (this.#joinable(call.key, finding) !== undefined) return;
    if (this.#closed) return this.#giveBack(call.key, finding);
    this.#in.events.note('refresh', call.key);
    this.#begin(call, finding, true);
  }

  /** The flight that computes what a read found to be missing; none for a read that won the right itself. */
  #joinable(key: string, finding: Finding): Flight | undefined {
    return finding.right === 'ours' ? undefined : this.#flights.get(key);
  }

  /** A right is used once, though calls of one turn share its read; and a right held here is not somebody else's. */
  #claimable(key: string, finding: Finding): Finding {
    if (finding.right === 'ours' && this.#claimed.has(finding.reading as CacheReading)) {
      return { ...finding, right: 'theirs' };
    }
    if (finding.right === 'theirs' && this.#in.retryPause.takeHeld(key, finding.cas)) {
      return { ...finding, right: 'ours' };
    }
    return finding;
  }

  /** Hands on a right that came with a read and is not used. A fresh value would become stale by that. */
  #giveBack(key: string, finding: Finding): void {
    const reading = finding.reading as CacheReading;
    if (finding.right !== 'ours' || finding.state === 'fresh' || this.#claimed.has(reading)) return;
    this.#claimed.add(reading);
    this.#computation.giveBack(key, finding, keepOf(finding));
  }

  #begin(call: CacheCall, finding: Finding, behind: boolean): Flight {
    const storeTime = new StoreTime(this.#in, call.storeMs);
    const flight = new Flight(this.#flights, call.key, finding.state === 'absent', behind, storeTime);
    if (finding.right === 'ours') this.#claimed.add(finding.reading as CacheReading);
    this.#flights.begin(flight);
    const run = this.#computation.run(flight, call, finding, behind).then((landing) => {
      this.#running.delete(flight);
      flight.land(landing);
    });
    this.#running.set(flight, run);
    return flight;
  }
}
