/**
 * The time of day as the caller's own code reads it now, in milliseconds since 1970.
 *
 * Deadlines that other packages hand over (`expires` of Keyv, of a cookie) were made by their `Date`. Where a test runner
 * has put its own in its place, only that one tells how far off they are.
 */
export function callersNow(): number {
  return Date.now();
}
