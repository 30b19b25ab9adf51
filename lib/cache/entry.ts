import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { CacheEntry, TagVersion } from './store.js';

/** Bounds of the time for which a hit-for-miss mark stays, in whole seconds. */
const MIN_MARK_SECONDS = 3;
const MAX_MARK_SECONDS = 60;

/** An entry, and how long the store is to keep it: whole seconds, 0 = for ever. */
export interface KeptEntry {
  readonly entry: CacheEntry;
  readonly keepSeconds: number;
}

/** The entry of a value: kept for the ttl less some jitter, and the grace. */
export function entryFor(
  value: unknown,
  ttlSeconds: number,
  tags: readonly TagVersion[],
  policy: ResolvedPolicy,
  random: () => number,
): KeptEntry {
  if (ttlSeconds === 0) return { entry: { value, tags, kind: 'value' }, keepSeconds: 0 };
  const jittered = Math.max(1, ttlSeconds - Math.floor(random() * policy.jitter * ttlSeconds));
  const aheadSeconds = policy.recacheSeconds === 0 ? 0 : policy.recacheSeconds - 1 - policy.graceSeconds;
  const unhurried =
    aheadSeconds > 0 &&
    (jittered <= aheadSeconds || (policy.ttlSeconds !== undefined && ttlSeconds < policy.ttlSeconds));
  const kind = unhurried ? 'unhurried' : 'value';
  const { graceSeconds } = policy;
  return { entry: { value, tags, kind, graceSeconds }, keepSeconds: jittered + graceSeconds };
}

/**
 * The mark of a load that left nothing to store: whoever finds it computes for himself, at once, and may store over it. It
 * outlasts another load of the same length, so that those who come meanwhile need not wait either.
 *
 * @param shared what the load returned, for those who were waiting for it; `undefined` and `null` can be handed on.
 */
export function hitForMiss(loadMs: number, shared: { readonly result: unknown } | undefined): KeptEntry {
  const keepSeconds = Math.min(
    Math.max(Math.ceil((2 * loadMs) / 1000) + 1, MIN_MARK_SECONDS),
    MAX_MARK_SECONDS,
  );
  const kind = shared === undefined ? 'hit-for-miss' : 'hit-for-miss-result';
  return { entry: { value: shared?.result, tags: [], kind }, keepSeconds };
}
