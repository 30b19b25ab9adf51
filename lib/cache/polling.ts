import type { Clock } from './clock.js';

/** Bounds of the pause between two looks at what somebody else holds; it grows with the time waited. */
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

/** A wait is prolonged by at most this part of it through looking only now and then. */
const PAUSE_FRACTION = 1 / 10;

/** The shortest pause, of the longest there may be: processes that began together do not keep step. */
const SHORTEST = 3 / 4;

/** The pauses of many waits: those that may end at the same moment do, so that their looks leave in one write. */
export class Polling {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pauses = new Set<Pause>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The pause of one more wait, as `pauseMs` says. */
  pause(waitedMs: number, leftMs: number): Pause {
    const now = this.#clock.now();
    const earliest = now + pauseMs(waitedMs, leftMs, 0);
    const latest = now + pauseMs(waitedMs, leftMs, 1);
    for (const pause of this.#pauses) {
      if (pause.endsAt >= earliest && pause.endsAt <= latest) return pause.join();
    }
    const pause = new Pause(this.#clock, pauseMs(waitedMs, leftMs, this.#random()));
    this.#pauses.add(pause);
    void pause.over.then(() => this.#pauses.delete(pause));
    return pause.join();
  }
}

/**
 * The pause before the next look.
 *
 * @param waitedMs how long the wait has lasted.
 * @param leftMs how long it may go on.
 * @param random from 0 for the shortest to 1 for the longest.
 */
export function pauseMs(waitedMs: number, leftMs: number, random: number): number {
  const longest = Math.min(Math.max(waitedMs * PAUSE_FRACTION, MIN_PAUSE_MS), MAX_PAUSE_MS, leftMs);
  return longest * (SHORTEST + random * (1 - SHORTEST));
}

/** The time until some waits look again. */
class Pause {
  readonly endsAt: number;
  readonly over: Promise<void>;
  #waiting = 0;
  #end!: () => void;
  readonly #callOff: () => void;

  constructor(clock: Clock, ms: number) {
    this.endsAt = clock.now() + ms;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#callOff = clock.after(ms, this.#end);
  }

  join(): this {
    this.#waiting += 1;
    return this;
  }

  /** Ends it if nobody is left. */
  leave(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#callOff();
    this.#end();
  }
}
