import type { Clock } from './clock.js';
import type { CacheStore } from './store.js';

/** Of what the store may take of one call, the part after which it is not asked for anything more. */
const ENOUGH = 1 / 2;

/**
 * How long the store has kept a call waiting beyond its first look. What several operations take together, each within its
 * own limit, would add up: a call that has waited for long does without the rest.
 */
export class StoreTime {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #spentMs: number;

  /** @param spentMs what it has taken already. */
  constructor({ clock, store }: { readonly clock: Clock; readonly store: CacheStore }, spentMs: number) {
    this.#clock = clock;
    this.#limitMs = store.limitMs ?? Infinity;
    this.#spentMs = spentMs;
  }

  /** What it has taken so far. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Whether it has taken so long that nothing more may be asked of it before there is an answer. */
  get isSpent(): boolean {
    return this.#spentMs >= this.#limitMs * ENOUGH;
  }

  /**
   * Counts the time of one thing that the store does.
   *
   * @param onSpent called when all of the time is spent before that is done; it goes on.
   */
  async of<T>(work: Promise<T>, onSpent?: () => void): Promise<T> {
    const began = this.#clock.now();
    const callOff = onSpent && this.#whenSpent(onSpent);
    try {
      return await work;
    } finally {
      callOff?.();
      this.#spentMs += this.#clock.now() - began;
    }
  }

  /** Begins anew: what the store has taken was spent on waiting for somebody else. */
  forget(): void {
    this.#spentMs = 0;
  }

  #whenSpent(onSpent: () => void): (() => void) | undefined {
    if (this.#limitMs === Infinity) return undefined;
    return this.#clock.after(Math.max(this.#limitMs - this.#spentMs, 0), () => {
      this.#spentMs = this.#limitMs;
      onSpent();
    });
  }
}
