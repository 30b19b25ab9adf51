import type { LoggerService } from '@nestjs/common';
import { BoundedMap } from '../../bounded-map.js';
import type { CacheObserver } from '../../cache/cache-events.js';
import { CodecError, ValueTooLargeError } from '../../errors.js';

/** Stands for a method where the service itself was called. */
const SERVICE = 'MemcachedService';

/** Of so many keys that were loaded last is known whose they are. */
const REMEMBERED = 1000;

/**
 * Counts the calls that nothing came of for the cache, and says so in the log: once for each method and reason, with what
 * to do about it.
 */
export class UncachedCalls {
  readonly #logger: LoggerService;
  readonly #places = new BoundedMap<string, string>(REMEMBERED);
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

  /** Tells whose a key is, before its value is stored. */
  loading(key: string, place: string): void {
    this.#places.set(key, place);
  }

  /** Has what could not be stored noted beside what else an observer does. */
  observing(observer: CacheObserver): CacheObserver {
    return (what, key, error) => {
      observer(what, key, error);
      if (what === 'storeError') this.notStored(key, error);
    };
  }

  /** Notes that the value of a key was not stored, where that will be so each time. */
  notStored(key: string, error: unknown): void {
    const isTooLarge = error instanceof ValueTooLargeError;
    if (!isTooLarge && !(error instanceof CodecError)) return;
    const place = this.#places.get(key);
    const [problem, mend] = problemOf(error, key);
    const said = isTooLarge ? 'cache a part of it, or raise that limit' : mendOf(problem, mend, place);
    const whose = place ?? `${SERVICE} "${key}"`;
    this.note(
      place ?? SERVICE,
      isTooLarge ? 'size' : 'value',
      `${whose}: its value cannot be stored: ${problem}; ${said}`,
    );
  }

  /** By class, method and decorator. */
  get counts(): Readonly<Record<string, UncachedCounts>> {
    return Object.fromEntries(Array.from(this.#counts, ([place, counts]) => [place, { ...counts }]));
  }
}

/** Why a call of a cached method, or an answer of a cached route, left nothing in the cache. */
export type UncachedReason = 'key' | 'value' | 'size' | 'cookie' | 'status' | 'headers';

/** How often calls of one method left nothing in the cache, by reason. */
export type UncachedCounts = Readonly<Partial<Record<UncachedReason, number>>>;

/** What is the matter with a value, and the codec's own mend; without the command and the key, which the line begins with. */
function problemOf({ message }: Error, key: string): [problem: string, mend: string] {
  const label = `${key}": `;
  const at = message.indexOf(label);
  const [problem, ...mend] = (at === -1 ? message : message.slice(at + label.length)).split('; ');
  return [problem, mend.join('; ')];
}

/** One mend, the nearest: the codec knows nothing of decorators. */
function mendOf(problem: string, mend: string, place: string | undefined): string {
  const [, stranger] = /an instance of (\S+) would come back without its class/.exec(problem) ?? [];
  if (stranger === undefined) return mend === '' ? 'return plain data' : mend;
  return place === undefined || place.endsWith('@HttpCache')
    ? "name the class in the module's codec.types"
    : `say which classes it consists of: types: [${stranger}]`;
}
