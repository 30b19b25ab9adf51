import { performance as live } from 'node:perf_hooks';
import timers from 'node:timers';
import promises from 'node:timers/promises';

/*
 * The timers and the clock of this process, as they are when this is loaded.
 *
 * Test runners put their own in the place of the globals, of what `node:timers` exports, and into the object `performance`
 * itself, and in the build for `require` an import is looked up each time it is used. A test that stops the time must not
 * stop what is on its way to a server, so nothing else in this package imports those modules. The time of day is in
 * `unix-time.ts`.
 */

export const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = timers;

/** The longest that a timer of Node's can be set to: beyond, it goes off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after so many milliseconds. */
export const pause = promises.setTimeout;

/** Resolves in the next turn of the event loop, once what has come in by then has been read. */
export const nextTurn = promises.setImmediate;

/** What is read of the clock that never goes back. */
export const performance = {
  /** Milliseconds since this process began. */
  now: live.now.bind(live),
  eventLoopUtilization: live.eventLoopUtilization.bind(live),
};
