import type { LoggerService } from '@nestjs/common';

/** Why a call of a cached method, or an answer of a cached route, left nothing in the cache. */
export type UncachedReason = 'key' | 'value' | 'size' | 'cookie' | 'status' | 'headers';

/** How often calls of one method left nothing in the cache, by reason. */
export type UncachedCounts = Readonly<Partial<Record<UncachedReason, number>>>;

/**
 * Counts the calls that nothing came of for the cache, and says so in the log: once for each method and reason, with what
 * to do about it.
 */
export class UncachedCalls {
  readonly #logger: LoggerService;
  readonly #counts = new Map<string, Partial<Record<UncachedReason, number>>>();

  constructor(logger: LoggerService) {
    this.#logger = logger;
  }

  /**
   * @param place class, method and decorator.
   * @param message what is the matter, and its mend; never a value.
   */
  note(place: string, reason: UncachedReason, message: string): void {
    let counts = this.#counts.get(place);
    if (counts === undefined) this.#counts.set(place, (counts = {}));
    const before = counts[reason] ?? 0;
    counts[reason] = before + 1;
    if (before > 0) return;
    const text = message.startsWith(place) ? message : `${place}: ${message}`;
    this.#logger.warn(`${text}. Such calls run uncached; said once.`);
  }

  /** By class, method and decorator. */
  get counts(): Readonly<Record<string, UncachedCounts>> {
    return Object.fromEntries(Array.from(this.#counts, ([place, counts]) => [place, { ...counts }]));
  }
}
