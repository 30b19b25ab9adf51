import type { ResolvedPolicy } from '../options/cache-policy.js';
import { isHitForMiss, type CacheEntry, type CacheReading } from './store.js';
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
 * | the mark of a load that left nothing to store | absent | `free`, and a value may take its place |
 * | an empty item that is no lease, without an end | absent | `free`, and a value may take its place |
 * | the same with a ttl: a lease that was taken in the classic dialect | absent | `theirs` |
 */
export interface Finding {
  readonly state: 'fresh' | 'stale' | 'absent';
  /** What was found, where it may be served. */
  readonly entry: CacheEntry | undefined;
  /** The mark of a load that left nothing to store. */
  readonly mark: CacheEntry | undefined;
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
  /** How much longer than the answer the states of tags took that the entry turned out to bear, in milliseconds. */
  readonly tagsMs: number;
  /** The states of tags as of this read; undefined when they could not be read, and nothing can be stored. */
  readonly tags: TagStates | undefined;
}

/** The cas of a read that found nothing: no item has it. */
const NO_CAS = '0';

/** For how long a stale value that would never expire is kept for those who replace it. */
const ENDLESS_STALE_SECONDS = 60;

/** What a read finds in a store that cannot be asked: nothing, and nothing can be stored. */
export function unknownFinding(at: number): Finding {
  return {
    state: 'absent',
    entry: undefined,
    mark: undefined,
    right: 'free',
    unclaimable: false,
    reading: undefined,
    cas: '',
    ttlSeconds: -1,
    at,
    tagsMs: 0,
    tags: undefined,
  };
}

/** Whether an entry's ttl, grace not counted, is over, or it was marked stale. */
function isStale(reading: CacheReading, graceSeconds: number): boolean {
  const { stale, ttl } = reading;
  return stale || (graceSeconds > 0 && ttl !== undefined && ttl <= graceSeconds * 1000);
}

/**
 * Whether a read needs no second look: a value without tags, fresh, that nobody is or should be computing.
 *
 * Nearly every read is one of these, so it is asked first, and costs no object.
 */
export function isPlainHit(reading: CacheReading, { graceSeconds }: ResolvedPolicy): boolean {
  const { value: entry } = reading;
  if (!reading.hit || entry === undefined || reading.won || reading.busy || reading.stale) return false;
  if (entry.tags.length > 0 || (entry.kind !== 'value' && entry.kind !== 'no-refresh-ahead')) return false;
  return graceSeconds === 0 || !isStale(reading, graceSeconds);
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
  const { value } = reading;
  const mark = isHitForMiss(value) ? value : undefined;
  const right = mark === undefined ? rightOf(reading) : 'free';
  const state = stateOf(reading, graceSeconds, tags, required);
  return {
    state,
    entry: state === 'absent' ? undefined : value,
    mark,
    right,
    unclaimable: reading.hit && mark === undefined && state !== 'fresh' && tags !== undefined,
    reading,
    // What a read without a lease found to be missing has no state that a write could rely on.
    cas: reading.cas === NO_CAS ? '' : reading.cas,
    ttlSeconds: reading.ttl === undefined ? -1 : reading.ttl / 1000,
    at,
    tagsMs: 0,
    tags,
  };
}

/**
 * Whose the right is. An empty item that the server has given to nobody is a lease taken by an `add` of the classic dialect,
 * or, without an end, somebody's empty value.
 */
function rightOf(reading: CacheReading): Finding['right'] {
  if (reading.won) return 'ours';
  if (reading.busy) return 'theirs';
  return !reading.hit && reading.cas !== NO_CAS && reading.ttl !== undefined ? 'theirs' : 'free';
}

function stateOf(
  reading: CacheReading,
  graceSeconds: number,
  tags: TagStates | undefined,
  required: readonly string[],
): Finding['state'] {
  const entry = reading.value;
  if (!reading.hit || entry === undefined || tags === undefined || isHitForMiss(entry)) return 'absent';
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
 * For how long what was found stays when its right is given back: as long as before if it is a value that is still worth
 * something, or may be to those who can read the states of its tags.
 */
export function keepOf(finding: Finding): number | 'rest' {
  const mayBeOfWorth = finding.tags === undefined && finding.reading?.hit === true;
  if (finding.state === 'absent' && !mayBeOfWorth) return 0;
  return finding.ttlSeconds < 0 ? ENDLESS_STALE_SECONDS : 'rest';
}

/** Whether the store still keeps what was found, so far as is known. */
export function isKept({ ttlSeconds, at }: Finding, now: number): boolean {
  return ttlSeconds < 0 || now - at < ttlSeconds * 1000;
}
