import type { ResolvedPolicy } from '../options/cache-policy.js';
import { within, type Clock } from './clock.js';
import type { Finding } from './finding.js';
import type { TracedLoad } from './traced-load.js';
import type { CacheStore, Copier } from './store.js';
import type { StoreTime } from './store-time.js';

/** One computation of a key's value in this process, and those who wait for it. */
export class Flight {
  /** Resolves when it lands; never rejects. */
  readonly landed: Promise<Landing>;
  /** Called once, if the flight is aborted. */
  onAbort: ((reason: unknown) => void) | undefined;
  /** It goes on without the store, since `detach` was called: its value is for its callers alone. */
  detached = false;
  /** The call of its loader, for those who joined it, once it is traced. */
  load: TracedLoad | undefined;
  /** Called once, if the flight is to go on without the store. */
  onDetach: (() => void) | undefined;
  #controller: AbortController | undefined;
  #abortion: { readonly reason: unknown } | undefined;
  #land!: (landing: Landing) => void;
  #own: Promise<Landing> | undefined;
  #landOwn: ((landing: Landing) => void) | undefined;
  #waiting = 0;
  #joins = 0;
  #taken: { readonly value: unknown; readonly copier: Copier | Promise<Copier> } | undefined;
  #calling = false;
  readonly #flights: Flights;
  readonly #wanted: boolean;

  /**
   * @param flights those that may be joined, which it is one of until it lands.
   * @param cold nothing can be served meanwhile: a call of the key joins without a look at the store.
   * @param wanted goes on even if nobody waits.
   * @param storeTime what the store takes of those who wait.
   */
  constructor(
    flights: Flights,
    readonly key: string,
    readonly cold: boolean,
    wanted: boolean,
    readonly storeTime: StoreTime,
  ) {
    this.#flights = flights;
    this.#wanted = wanted;
    this.landed = new Promise((resolve) => {
      this.#land = resolve;
    });
  }

  /** Whether it was begun for nobody who waits. */
  get isBehind(): boolean {
    return this.#wanted;
  }

  /** Aborted when nobody waits for the value any more, when it takes too long, and when the cache closes. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      // Made for the loaders that ask for it: most do not, and every miss would pay for it.
      this.#controller = new AbortController();
      if (this.#abortion !== undefined) this.#controller.abort(this.#abortion.reason);
    }
    return this.#controller.signal;
  }

  /** Why it was aborted, in an object; undefined if it was not. */
  get abortion(): { readonly reason: unknown } | undefined {
    return this.#abortion;
  }

  /** Whether its loader is being called at this moment, so that who asks for the key now is the loader itself. */
  get isCalling(): boolean {
    return this.#calling;
  }

  /** Calls the loader. */
  call(loader: () => unknown): unknown {
    this.#calling = true;
    try {
      return loader();
    } finally {
      this.#calling = false;
    }
  }

  /** Resolves with what is loaded here, whatever comes from elsewhere meanwhile. To be asked for as the flight begins. */
  get own(): Promise<Landing> {
    this.#own ??= new Promise((resolve) => {
      this.#landOwn = resolve;
    });
    return this.#own;
  }

  /** Tells those who wait. The first landing counts: a value may have come from elsewhere before. */
  land(landing: Landing): void {
    this.landFromElsewhere(landing);
    this.#landOwn?.(landing);
  }

  /** Tells those who wait for a value, whoever has loaded it. */
  landFromElsewhere(landing: Landing): void {
    this.close();
    this.#land(landing);
  }

  /** Lets nobody join any more. */
  close(): void {
    this.#flights.end(this);
  }

  /**
   * What it has landed with, for a call that may write into it: a copy, where others have it as well, or it is yet to be stored.
   *
   * @param isAlone whether the call has it to itself.
   * @returns the value, or a promise of its copy, which rejects where others have it and what it is cannot be stored.
   */
  ofOne({ value, isToBeStored }: LandedValue, isAlone: boolean, store: CacheStore): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const isOwn = isAlone || this.#joins === 1;
    if (isOwn && !isToBeStored) return value;
    const copy = this.#copied(value, store);
    return isOwn ? copy.catch(() => value) : copy;
  }

  async #copied(value: unknown, store: CacheStore): Promise<unknown> {
    let taken = this.#taken;
    if (taken === undefined || taken.value !== value) {
      taken = { value, copier: store.copier(this.key, value) };
      this.#taken = taken;
    }
    const copy = await taken.copier;
    return copy();
  }

  join(): void {
    this.#joins += 1;
    this.#waiting += 1;
  }

  /** @returns whether nobody waits any more, and the flight was aborted. */
  leave(): boolean {
    this.#waiting -= 1;
    if (this.#waiting > 0 || this.#wanted) return false;
    this.abort(abandoned(this.key));
    return true;
  }

  /** Has it go on without the store, which is about to close. Its loader is told by its signal; what it does is up to it. */
  detach(reason: unknown): void {
    if (this.detached) return;
    this.detached = true;
    this.onDetach?.();
    if (this.#abortion !== undefined) return;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  abort(reason: unknown): void {
    if (this.#abortion !== undefined) return;
    this.#abortion = { reason };
    this.#controller?.abort(reason);
    this.onAbort?.(reason);
  }
}

/**
 * What came of a flight.
 *
 * A `value` is for the calls that began before `before`; for a call that began later, an invalidation may have
 * returned between the load and the call.
 */
export type Landing =
  | LandedValue
  | { readonly kind: 'error'; readonly error: unknown }
  /** Somebody else computes; nothing is known. */
  | { readonly kind: 'none' };

/** A value that has come of a flight. */
interface LandedValue {
  readonly kind: 'value';
  readonly value: unknown;
  readonly stale: boolean;
  readonly before: number;
  /** What is written into it now would be stored with it. */
  readonly isToBeStored?: true;
}

/** Waits for a flight; for no longer than `softTimeout` where there is a stale value, which then is the landing. */
export function landingOf(
  flight: Flight,
  stale: Finding | undefined,
  { softTimeoutMs }: ResolvedPolicy,
  clock: Clock,
): Promise<Landing> {
  if (stale === undefined || softTimeoutMs === 0) return flight.landed;
  // The caller does not leave the flight: it is to go on.
  const late: Landing = { kind: 'value', value: stale.entry?.value, stale: true, before: Infinity };
  return within(clock, softTimeoutMs, flight.landed).then((landing) => landing ?? late);
}

/** What to say to a loader that nobody waits for any more. */
function abandoned(key: string): DOMException {
  return new DOMException(`nobody waits for "${key}" any more`, 'AbortError');
}

/** The flights of this process that may be joined, by key. */
export class Flights extends Map<string, Flight> {
  /** Takes the place of an earlier flight of the key, which goes on for those who joined it. */
  begin(flight: Flight): void {
    this.set(flight.key, flight);
  }

  /** Lets nobody join any more; does nothing to a flight that took its place. */
  end(flight: Flight): void {
    if (this.get(flight.key) === flight) this.delete(flight.key);
  }
}
