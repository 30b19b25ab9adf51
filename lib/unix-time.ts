/**
 * The time of day, in milliseconds since 1970.
 *
 * Taken from `Date` as this is imported: test runners put their own in its place, and a test that stops the time must not
 * stop what is asked of a server. Timers and the clock that never goes back are in `timers.ts`, for the same reason.
 */
export const unixMs: () => number = Date.now;
