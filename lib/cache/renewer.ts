import type { Clock } from './clock.js';

/** Times are rounded up to this: what is due about the same time is renewed in the same turn, and leaves in one write. */
const TICK_MS = 100;

/** Renews what would end by itself, such as leases and locks, while this process lives. One timer for all. */
export class Renewer {
  readonly #clock: Clock;
  readonly #outside: <T>(work: () => T) => T;
  readonly #renewals = new Set<Renewal>();
  #callOff: (() => void) | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  /** @param outside runs work outside of the async context of whoever asked for it, since the timer is everybody's. */
  constructor(clock: Clock, outside: <T>(work: () => T) => T) {
    this.#clock = clock;
    this.#outside = outside;
  }

  /**
   * Renews something now and then, for the first time after `everyMs`.
   *
   * @param renew what it rejects with is ignored: the next one may succeed.
   * @returns a function that ends it.
   */
  every(everyMs: number, renew: () => Promise<unknown>): () => void {
    const renewal: Renewal = { everyMs, renew, dueAt: this.#next(everyMs), underWay: false };
    this.#renewals.add(renewal);
    this.#arm(renewal.dueAt);
    return () => {
      this.#renewals.delete(renewal);
      if (this.#renewals.size === 0) this.#disarm();
    };
  }

  #next(everyMs: number): number {
    return Math.ceil((this.#clock.now() + everyMs) / TICK_MS) * TICK_MS;
  }

  #arm(at: number): void {
    if (at >= this.#firesAt) return;
    this.#disarm();
    this.#firesAt = at;
    this.#callOff = this.#outside(() => this.#clock.after(at - this.#clock.now(), () => this.#fire()));
  }

  #disarm(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#disarm();
    const now = this.#clock.now();
    for (const renewal of this.#renewals) {
      if (renewal.dueAt <= now) {
        renewal.dueAt = this.#next(renewal.everyMs);
        if (!renewal.underWay) void this.#renew(renewal);
      }
      this.#arm(renewal.dueAt);
    }
  }

  async #renew(renewal: Renewal): Promise<void> {
    renewal.underWay = true;
    try {
      await renewal.renew();
    } catch {
      // Tried again when it is due next.
    } finally {
      renewal.underWay = false;
    }
  }
}

/** Something that is renewed, and when next. */
interface Renewal {
  readonly everyMs: number;
  readonly renew: () => Promise<unknown>;
  dueAt: number;
  /** The last renewal has not been answered yet. */
  underWay: boolean;
}
