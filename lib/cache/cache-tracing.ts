import { NOBODY, type Audience } from './cache-events.js';
import type { CacheCall, Served } from './cache-call.js';
import type { TracedKeys, TracedLoad } from './traced-load.js';

/** Those who trace what a cache does, each from its start to its end; while they are not there, nothing is made for them. */
export interface CacheTracing {
  /** `getOrSet`, and `getOrSetMany`. */
  readonly calls: Tracing<TracedCall>;
  /** What is computed behind a response, the way to its store and back included. */
  readonly refreshes: Tracing<TracedKeys>;
  /** Calls of loaders. */
  readonly loads: Tracing<TracedLoad>;
}

/** Traces one kind of thing. */
export interface Tracing<About> {
  /** Whether there is anybody it is traced for. */
  readonly audience: Audience;
  /** Does the work, of which all that happens in it is part. @returns what it returns. @throws what it throws. */
  run<T>(about: About, work: () => Promise<T>): Promise<T>;
}

/** One call; how many of its keys were served how is known at its end. */
export interface TracedCall extends TracedKeys, Record<Served, number> {
  readonly isOfMany: boolean;
  /** Loads of other calls that it has waited for; known at its end. */
  readonly joined: Set<TracedLoad>;
}

const UNHEARD: Tracing<unknown> = { audience: NOBODY, run: (_about, work) => work() };

/** Traces nothing. */
export const UNTRACED: CacheTracing = { calls: UNHEARD, refreshes: UNHEARD, loads: UNHEARD };

/** Serves one call, and tells what it came to. */
export function traceCall<T>(
  calls: CacheTracing['calls'],
  call: CacheCall,
  serve: (call: CacheCall) => Promise<T>,
): Promise<T> {
  return traced(calls, aboutCall([call.key], false), [call], () => serve(call));
}

/** Serves the calls of many keys, and tells what they came to. @param served those that were no plain hits. */
export function traceCalls<T>(
  calls: CacheTracing['calls'],
  keys: readonly string[],
  served: readonly CacheCall[],
  serve: () => Promise<T>,
): Promise<T> {
  return traced(calls, aboutCall(keys, true), served, serve);
}

function aboutCall(keys: readonly string[], isOfMany: boolean): TracedCall {
  return { keys, isOfMany, hit: 0, stale: 0, shared: 0, miss: 0, joined: new Set() };
}

function traced<T>(
  calls: CacheTracing['calls'],
  about: TracedCall,
  served: readonly CacheCall[],
  serve: () => Promise<T>,
): Promise<T> {
  return calls.run(about, async () => {
    try {
      return await serve();
    } finally {
      about.hit += about.keys.length - served.length;
      for (const { served: how, joined } of served) {
        about[how] += 1;
        if (joined !== undefined) about.joined.add(joined);
      }
    }
  });
}
