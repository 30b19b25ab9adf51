import { InvalidArgumentError } from '../errors.js';
import type { CacheTracing } from './cache-tracing.js';
import type { Clock } from './clock.js';
import { aboutLoad, type Load } from './load.js';
import type { BatchContext, BatchLoader, LoadContext } from './load-context.js';

/** How long the first of those that turn out late waits for others: their waits end at the same time, in several turns. */
const LATE_MS = 2;

/**
 * Makes one call of a loader of the loads of many keys.
 *
 * Every key goes its own way through the read table. The call is made once it is known of each of them whether its
 * value has to be computed now; what turns out later, since another process did not come back, is gathered for a moment.
 */
export class Batch<Id, V> {
  readonly #clock: Clock;
  readonly #loadMissing: BatchLoader<Id, V>;
  readonly #loads: CacheTracing['loads'];
  /** Those that may have to be computed, as far as that is known. */
  readonly #undecided = new Set<Id>();
  #allExpected = false;
  #waiting: WaitingId<Id>[] = [];
  #open!: () => void;
  #scheduled = true;

  constructor(loadMissing: BatchLoader<Id, V>, clock: Clock, loads: CacheTracing['loads']) {
    this.#clock = clock;
    this.#loadMissing = loadMissing;
    this.#loads = loads;
    // Continued from here, so that the loader runs in the async context of whoever wants the values.
    void new Promise<void>((resolve) => {
      this.#open = resolve;
    }).then(() => this.#run());
  }

  /** An id may have to be computed. */
  expect(id: Id): void {
    this.#undecided.add(id);
  }

  /** No more ids are expected. */
  expectNoMore(): void {
    this.#allExpected = true;
    if (this.#undecided.size === 0) this.#open();
  }

  /** The loader of one id. */
  load(id: Id, context: LoadContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, load: context as Load, resolve, reject });
      if (this.#scheduled) {
        this.decided(id);
      } else {
        this.#scheduled = true;
        this.#clock.after(LATE_MS, () => this.#run());
      }
    });
  }

  /** It is known now whether the id's value has to be computed. */
  decided(id: Id): void {
    if (this.#undecided.delete(id) && this.#undecided.size === 0 && this.#allExpected) this.#open();
  }

  #run(): void {
    this.#scheduled = false;
    // Nobody waits for what was aborted. What goes on without the store is loaded all the same: its callers wait.
    const waiting = this.#waiting.filter(({ load }) => !load.isAborted);
    this.#waiting = [];
    if (waiting.length === 0) return;
    for (const { load } of waiting) load.begins();
    void this.#call(waiting);
  }

  async #call(waiting: readonly WaitingId<Id>[]): Promise<void> {
    try {
      const ids = waiting.map(({ id }) => id);
      const result = await this.#traced(waiting, async () => this.#loadMissing(ids, contextOf(waiting)));
      const valueOf = checked<Id, V>(result, ids.length);
      waiting.forEach(({ id, resolve }, index) =>
        resolve(Array.isArray(valueOf) ? valueOf[index] : valueOf.get(id)),
      );
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #traced<T>(waiting: readonly WaitingId<Id>[], work: () => Promise<T>): Promise<T> {
    return this.#loads.audience.hasSubscribers
      ? this.#loads.run(aboutLoad(waiting.map(({ load }) => load)), work)
      : work();
  }
}

/** An id whose value is to be computed, and the computation that waits for it. */
interface WaitingId<Id> {
  readonly id: Id;
  readonly load: Load;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What is said of the batch is said of each of its values; it is given up once all of them are. */
function contextOf(waiting: readonly WaitingId<unknown>[]): BatchContext {
  const controller = new AbortController();
  let left = waiting.length;
  for (const { load } of waiting) {
    const { signal } = load;
    const onAbort = (): void => {
      left -= 1;
      if (left === 0) controller.abort(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    setTtl: (ttl) => waiting.forEach(({ load }) => load.setTtl(ttl)),
    tag: (...tags) => waiting.forEach(({ load }) => load.tag(...tags)),
    skip: () => waiting.forEach(({ load }) => load.skip()),
  };
}

function checked<Id, V>(
  result: ReadonlyMap<Id, V> | readonly (V | undefined)[],
  count: number,
): Map<Id, V> | (V | undefined)[] {
  if (result instanceof Map) return result as Map<Id, V>;
  if (!Array.isArray(result)) {
    throw new InvalidArgumentError(
      'getOrSetMany: the loader is to return a Map by id, or an array in the order of the ids',
    );
  }
  // A list with rows left out would give values to the wrong ids.
  if (result.length === count) return result as (V | undefined)[];
  throw new InvalidArgumentError(
    `getOrSetMany: the loader was asked for ${count} ids and returned an array of ${result.length}; ` +
      'return a Map by id where ids may be missing',
  );
}
