/** What a server says of its run in `stats`; absent is what it does not say. */
export interface ServerRun {
  readonly pid?: number;
  /** Seconds since it started. */
  readonly uptime?: number;
  /** Its clock, a Unix time in seconds. */
  readonly time?: number;
}

/**
 * Whether another run of a server answers than before. In a container every run has the same process number, and one that is
 * older than the last was when it was looked at shows it by its start alone: what its clock and its uptime differ by, which
 * memcached counts from one moment.
 */
export function isAnotherRun(before: ServerRun, now: ServerRun): boolean {
  if (before.pid !== now.pid) return true;
  if ((now.uptime ?? 0) < (before.uptime ?? 0)) return true;
  // Others round the two apart from each other.
  return Math.abs(startOf(now) - startOf(before)) > 1;
}

function startOf({ time = NaN, uptime = NaN }: ServerRun): number {
  return time - uptime;
}
