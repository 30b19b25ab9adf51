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
  const aheadSeconds = aheadSecondsOf(policy);
  const isNeverAhead =
    aheadSeconds > 0 &&
    (jittered <= aheadSeconds || (policy.ttlSeconds !== undefined && ttlSeconds < policy.ttlSeconds));
  const kind = isNeverAhead ? 'no-refresh-ahead' : 'value';
  const { graceSeconds } = policy;
  return { entry: { value, tags, kind, graceSeconds }, keepSeconds: jittered + graceSeconds };
}

/** The entry of a value that was not loaded: what memcached can count, it is to be able to count. */
export function writtenEntryFor(
  value: unknown,
  ttlSeconds: number,
  tags: readonly TagVersion[],
  policy: ResolvedPolicy,
  random: () => number,
): KeptEntry {
  const kept = entryFor(value, ttlSeconds, tags, policy, random);
  if (kept.entry.kind === 'value' || !isCounter(value)) return kept;
  return { ...kept, entry: { ...kept.entry, kind: 'value' } };
}

/**
 * What an updated value is. Where values are refreshed ahead, it cannot be told from a ttl that was handed on whether one is due,
 * so it waits for its end; and one that does keeps doing so. What memcached can count, it is to be able to count.
 *
 * @param before what it replaces.
 */
export function updatedKind(
  value: unknown,
  before: CacheEntry | undefined,
  policy: ResolvedPolicy,
): 'value' | 'no-refresh-ahead' {
  const waits = before?.kind === 'no-refresh-ahead' || aheadSecondsOf(policy) > 0;
  return waits && !isCounter(value) ? 'no-refresh-ahead' : 'value';
}

/** How long before its end a value is refreshed ahead, 0 = never. */
function aheadSecondsOf({ recacheSeconds, graceSeconds }: ResolvedPolicy): number {
  return recacheSeconds === 0 ? 0 : recacheSeconds - 1 - graceSeconds;
}

/** Whether memcached can count a value. Beside more than its digits it could not. */
function isCounter(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
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
