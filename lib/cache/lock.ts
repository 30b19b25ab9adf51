import type { WithLockOptions } from '../options/cache-options.js';
import { resolveLock, type ResolvedLock } from '../options/lock-options.js';
import { checkFunction } from './cache-key.js';
import type { CacheParts } from './cache-parts.js';
import { pause } from './pause.js';
import { pauseMs } from './polling.js';
import type { Renewer } from './renewer.js';
import type { HeldLock } from './store.js';

/** What came of asking for a lock. */
export type Locked<T> =
  | {
      readonly locked: true;
      readonly value: T;
      /** Greater than that of every earlier holder, until the lock's server restarts. */
      readonly fence: number;
    }
  /** Somebody else holds it; the work was not begun. */
  | { readonly locked: false };

/** In the time after which a lock that is not renewed ends, it is renewed so many times. */
const RENEWALS_PER_LEASE = 3;

/** Runs work while holding locks. */
export class Locks {
  readonly #in: CacheParts;
  readonly #renewer: Renewer;

  constructor(parts: CacheParts, renewer: Renewer) {
    this.#in = parts;
    this.#renewer = renewer;
  }

  /**
   * Runs work while holding a lock.
   *
   * The lock ends with its ttl, so that a process that dies does not hold it for ever. Work that takes longer is told
   * by its signal; it may then run beside the next holder's.
   *
   * @throws what the work throws; {MemcachedError} when the store fails before the work has begun.
   */
  async run<T>(
    key: string,
    options: WithLockOptions,
    work: (signal: AbortSignal, fence: number) => T | Promise<T>,
  ): Promise<Locked<T>> {
    const { aborts, clock, random, store } = this.#in;
    const lock = resolveLock(options);
    checkFunction(work, `withLock("${key}")`, 'that runs while the lock is held');
    const startedAt = clock.now();
    let held: HeldLock | undefined;
    let askedAt: number;
    for (;;) {
      lock.signal?.throwIfAborted();
      askedAt = clock.now();
      held = await aborts.of(store.lock(key, lock.leaseSeconds), lock.signal, (late) => {
        if (late !== undefined) void this.#giveBack(key, late);
      });
      if (held !== undefined) {
        if (clock.now() - askedAt < lock.leaseSeconds * 1000) break;
        // It was long on its way, and is over: somebody else may hold it.
        await this.#giveBack(key, held);
      }
      const waitedMs = clock.now() - startedAt;
      if (waitedMs >= lock.waitMs) return { locked: false };
      await pause(clock, pauseMs(waitedMs, lock.waitMs - waitedMs, random()), lock.signal, aborts);
    }
    const { token, fence } = held;
    const holding = new Holding(this.#in, key, token, lock, askedAt);
    const stop = holding.renewed ? this.#renewer.every(holding.renewMs, () => holding.renew()) : undefined;
    try {
      return { locked: true, value: await work(holding.signal, fence), fence };
    } finally {
      stop?.();
      await holding.end();
      await this.#giveBack(key, held);
    }
  }

  /** A lock that cannot be released ends with its ttl. */
  async #giveBack(key: string, { token }: HeldLock): Promise<void> {
    await this.#in.store.unlock(key, token).catch(() => false);
  }
}

/** A lock that is held. */
class Holding {
  readonly #in: CacheParts;
  readonly #key: string;
  readonly #token: string;
  readonly #lock: ResolvedLock;
  readonly #controller = new AbortController();
  /** The end of its ttl, which renewing does not put off. */
  readonly #lastMs: number;
  #callOff: (() => void) | undefined;
  #renewing: Promise<void> | undefined;

  /** @param askedAt before the store could have begun to count: nobody else is let in before the holder is told. */
  constructor(parts: CacheParts, key: string, token: string, lock: ResolvedLock, askedAt: number) {
    this.#in = parts;
    this.#key = key;
    this.#token = token;
    this.#lock = lock;
    this.#lastMs = askedAt + lock.ttlSeconds * 1000;
    this.#stands(askedAt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get renewed(): boolean {
    return this.#lock.leaseSeconds < this.#lock.ttlSeconds;
  }

  get renewMs(): number {
    return (this.#lock.leaseSeconds * 1000) / RENEWALS_PER_LEASE;
  }

  renew(): Promise<void> {
    this.#renewing = this.#renew();
    return this.#renewing;
  }

  /** Waits for a renewal that is under way: it would keep the lock from being released. */
  async end(): Promise<void> {
    this.#callOff?.();
    await this.#renewing?.catch(() => undefined);
    this.#callOff?.();
  }

  async #renew(): Promise<void> {
    const { clock, store } = this.#in;
    const askedAt = clock.now();
    const leftSeconds = Math.ceil((this.#lastMs - askedAt) / 1000);
    // What is told to end by the signal is not brought back.
    if (leftSeconds <= 0 || this.signal.aborted) return;
    const seconds = Math.min(this.#lock.leaseSeconds, leftSeconds);
    if (await store.prolongLock(this.#key, this.#token, seconds)) this.#stands(askedAt);
    else this.#abort('is not held any more');
  }

  /** Counts anew, from when the store was asked. */
  #stands(askedAt: number): void {
    this.#callOff?.();
    const { clock } = this.#in;
    const end = Math.min(askedAt + this.#lock.leaseSeconds * 1000, this.#lastMs);
    const why =
      end === this.#lastMs ? 'has ended with its ttl' : 'could not be renewed for as long as its lease';
    this.#callOff = clock.after(end - clock.now(), () => this.#abort(why));
  }

  #abort(why: string): void {
    this.#controller.abort(new DOMException(`the lock "${this.#key}" ${why}`, 'TimeoutError'));
  }
}
