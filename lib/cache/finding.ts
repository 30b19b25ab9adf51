import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { CacheEntry, CacheReading, CacheStore } from './store.js';
import type { TagStates } from './tags.js';

/**
 * What a read found, in the words of the read table:
 *
 * | answer of the store | state | right |
 * |---|---|---|
 * | value, more than the grace left | fresh | `ours` when it is due to be refreshed ahead, else as marked |
 * | value, marked stale or within the grace | stale | `ours` (W), `theirs` (Z) |
 * | value with a tag that was bumped softly | stale | as marked, else `free` |
 * | value whose tags have changed, or that nobody here can read | absent | as marked, else `free` |
 * | nothing, and the lease is ours (W) | absent | `ours` |
 * | nothing, and somebody else has the lease (Z) | absent | `theirs` |
 * | nothing, and no lease | absent | `free` |
 */
export interface Finding {
  readonly state: 'fresh' | 'stale' | 'absent';
  /** What was found, where it may be served. */
  readonly entry: CacheEntry | undefined;
  /** Whose the right to compute is. */
  readonly right: 'ours' | 'theirs' | 'free';
  /** The value is stale or worse, and nobody can win the right to replace it before it is marked or removed. */
  readonly unclaimable: boolean;
  /** The answer itself, which calls of one turn share; undefined where there was none. */
  readonly reading: CacheReading | undefined;
  /** What a write must still find there; '' where nothing may be written. */
  readonly cas: string;
  /** Whole seconds the store will keep it for; -1 for ever. */
  readonly ttlSeconds: number;
  /** The clock when the answer was there. */
  readonly at: number;
  /** The states of tags as of this read; undefined when they could not be read, and nothing can be stored. */
  readonly tags: TagStates | undefined;
}

/** For how long a stale value that would never expire is kept for those who replace it. */
const ENDLESS_STALE_SECONDS = 60;

/** What a read finds in a store that cannot be asked: nothing, and nothing can be stored. */
export function unknownFinding(at: number): Finding {
  return {
    state: 'absent',
    entry: undefined,
    right: 'free',
    unclaimable: false,
    reading: undefined,
    cas: '',
    ttlSeconds: -1,
    at,
    tags: undefined,
  };
}

/** Whether an entry's ttl, grace not counted, is over, or it was marked stale. */
export function isStale(reading: CacheReading, graceSeconds: number): boolean {
  return reading.stale || (graceSeconds > 0 && reading.ttlSeconds >= 0 && reading.ttlSeconds <= graceSeconds);
}

/**
 * Whether a read needs no second look: a value without tags, fresh, that nobody is or should be computing.
 *
 * Nearly every read is one of these, so it is asked first, and costs no object.
 */
export function isPlainHit(reading: CacheReading, policy: ResolvedPolicy): boolean {
  return (
    reading.hit &&
    reading.value !== undefined &&
    reading.value.tags.length === 0 &&
    !reading.won &&
    !reading.busy &&
    !isStale(reading, policy.graceSeconds)
  );
}

/**
 * Reads the read table.
 *
 * @param tags the states of the policy's tags and of the entry's as of this read; undefined when one is unknown.
 * @param required the policy's tags, all of which an entry must bear.
 */
export function judge(
  reading: CacheReading,
  graceSeconds: number,
  tags: TagStates | undefined,
  required: readonly string[],
  at: number,
): Finding {
  const right = reading.won ? 'ours' : reading.busy ? 'theirs' : 'free';
  const state = stateOf(reading, graceSeconds, tags, required);
  return {
    state,
    entry: state === 'absent' ? undefined : reading.value,
    right,
    unclaimable: reading.hit && state !== 'fresh' && tags !== undefined,
    reading,
    // What a read without a lease found to be missing has no state that a write could rely on.
    cas: reading.hit || right !== 'free' ? reading.cas : '',
    ttlSeconds: reading.ttlSeconds,
    at,
    tags,
  };
}

function stateOf(
  reading: CacheReading,
  graceSeconds: number,
  tags: TagStates | undefined,
  required: readonly string[],
): Finding['state'] {
  const entry = reading.value;
  if (!reading.hit || entry === undefined || tags === undefined) return 'absent';
  if (!required.every((tag) => entry.tags.some((borne) => borne.tag === tag))) return 'absent';
  let stale = isStale(reading, graceSeconds);
  for (const { tag, version } of entry.tags) {
    const now = tags.get(tag);
    if (now?.version === version) continue;
    if (now?.staleVersion !== version) return 'absent';
    stale = true;
  }
  return stale ? 'stale' : 'fresh';
}

/**
 * For how long a stale value stays that is handed on: what is left of its life, rounded down, so that handing it on
 * never prolongs it.
 */
export function secondsLeft(finding: Finding, now: number): number {
  if (finding.ttlSeconds < 0) return ENDLESS_STALE_SECONDS;
  return Math.max(1, finding.ttlSeconds - Math.ceil((now - finding.at) / 1000));
}

/**
 * Stores an entry over what a read found.
 *
 * @returns whether it was stored, so that nothing has changed under the key since the read.
 */
export async function writeOver(
  store: CacheStore,
  key: string,
  finding: Finding,
  entry: CacheEntry,
  keepSeconds: number,
): Promise<boolean> {
  return (await store.write(key, entry, keepSeconds, finding.cas)) === 'stored';
}
