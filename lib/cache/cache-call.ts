import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { TracedLoad } from './traced-load.js';
import type { Flight } from './flight.js';
import type { Loader } from './load-context.js';

/** One call that wants the value of a key. */
export interface CacheCall {
  readonly key: string;
  readonly loader: Loader<unknown>;
  readonly policy: ResolvedPolicy;
  /** The order of events when it began. */
  readonly began: number;
  readonly signal: AbortSignal | undefined;
  /** Told once it is known that the loader is not called at once, since somebody else is computing, or not at all. */
  readonly onNoLoad: (() => void) | undefined;
  /** What it has come to, so far as is known. */
  served: Served;
  /** The caller has given up. */
  gone: boolean;
  /** The reads it is one of; see `CacheStore.together`. */
  together: object | undefined;
  /** How long the store has kept it waiting in computations that were not for it, in milliseconds. */
  storeMs: number;
  /** What the call waits for at present. */
  flight: Flight | undefined;
  /** The load of another call that it has waited for, where loads are traced. */
  joined: TracedLoad | undefined;
}

/**
 * What a call is served: a fresh value, a stale one, what another call of this process had computed, or what was computed for
 * it, here or in another process.
 */
export type Served = 'hit' | 'stale' | 'shared' | 'miss';

/** A call that begins. @param began the order of events when it did. */
export function callOf(
  key: string,
  loader: Loader<unknown>,
  policy: ResolvedPolicy,
  began: number,
  signal?: AbortSignal,
  onNoLoad?: () => void,
): CacheCall {
  return {
    key,
    loader,
    policy,
    began,
    signal,
    onNoLoad,
    served: 'miss',
    gone: false,
    together: undefined,
    storeMs: 0,
    flight: undefined,
    joined: undefined,
  };
}
