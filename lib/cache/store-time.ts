import { within, type Clock } from './clock.js';
import type { CacheStore } from './store.js';

/** Of what the store may take of one call, the part after which it is not asked for anything more. */
const ENOUGH = 1 / 2;

/** The part of it that a look may well take. */
const USUAL = 1 / 10;

/**
 * How long the store has kept a call waiting beyond its first look. What several operations take together, each within its
 * own limit, would add up: a call that has waited for long does without the rest.
 */
export class StoreTime {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #usedMs: number;

  /** @param usedMs what it has taken already. */
  constructor({ clock, store }: { readonly clock: Clock; readonly store: CacheStore }, usedMs: number) {
    this.#clock = clock;
    this.#limitMs = store.limitMs ?? Infinity;
    this.#usedMs = usedMs;
  }

  /** What it has taken so far. */
  get usedMs(): number {
    return this.#usedMs;
  }

  /** Whether it has taken so long that nothing more may be asked of it before there is an answer. */
  get isOver(): boolean {
    return this.#usedMs >= this.#limitMs * ENOUGH;
  }

  /**
   * Counts the time of one thing that the store does.
   *
   * @param onOver called when all of the time is spent before that is done; it goes on.
   */
  async of<T>(work: Promise<T>, onOver?: () => void): Promise<T> {
    const callOff = onOver && this.#whenOver(onOver);
    try {
      return await this.#count(work, 0);
    } finally {
      callOff?.();
    }
  }

  /** The same of something that is not waited for once all of the time is spent: undefined then. */
  within<T>(work: Promise<T>): Promise<T | undefined> {
    return this.#count(this.#cut(work), 0);
  }

  /**
   * The same of a look.
   *
   * @param waiting looks while somebody else computes are part of that wait: what they take counts where it is much.
   * @param onLate is given what a look finds that was not waited for.
   */
  look<T>(look: Promise<T>, waiting: boolean, onLate: (found: T) => void): Promise<T | undefined> {
    return this.#count(this.#cut(look, onLate), waiting ? this.#limitMs * USUAL : 0);
  }

  #cut<T>(work: Promise<T>, onLate?: (value: T) => void): Promise<T | undefined> {
    if (this.#limitMs === Infinity) return work;
    return within(this.#clock, this.#leftMs, work, onLate);
  }

  async #count<T>(work: Promise<T>, freeMs: number): Promise<T> {
    const began = this.#clock.now();
    try {
      return await work;
    } finally {
      this.#usedMs += Math.max(this.#clock.now() - began - freeMs, 0);
    }
  }

  get #leftMs(): number {
    return Math.max(this.#limitMs - this.#usedMs, 0);
  }

  #whenOver(onOver: () => void): (() => void) | undefined {
    if (this.#limitMs === Infinity) return undefined;
    return this.#clock.after(this.#leftMs, () => {
      this.#usedMs = this.#limitMs;
      onOver();
    });
  }
}
