/** What commands count, in the order in which `stats` shows it. */
export const COMMAND_COUNTERS = [
  'cmd_get',
  'cmd_set',
  'cmd_flush',
  'cmd_touch',
  'cmd_meta',
  'get_hits',
  'get_misses',
  'get_expired',
  'get_flushed',
  'delete_misses',
  'delete_hits',
  'incr_misses',
  'incr_hits',
  'decr_misses',
  'decr_hits',
  'cas_misses',
  'cas_hits',
  'cas_badval',
  'touch_hits',
  'touch_misses',
  'store_too_large',
] as const;

const NAMES = [
  'total_connections',
  'rejected_connections',
  ...COMMAND_COUNTERS,
  'auth_cmds',
  'auth_errors',
  'bytes_read',
  'bytes_written',
  'total_items',
  'evictions',
  'reclaimed',
  'expired_unfetched',
  'evicted_unfetched',
] as const;

/** What the server counts, by the names under which `stats` shows it. */
export type Counters = Record<(typeof NAMES)[number], number>;

export function newCounters(): Counters {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as Counters;
}

/** What `stats reset` does. */
export function resetCounters(counters: Counters): void {
  Object.assign(counters, newCounters());
}
