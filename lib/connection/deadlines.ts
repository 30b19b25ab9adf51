import { clearTimeout, performance, setImmediate, setTimeout } from '../timers.js';

/** How often deadlines are looked at: one timer per connection instead of one per request. */
const LOOK_MS = 20;

/** The shortest time after which memcached closes an idle connection (`-o idle_timeout`). */
const IDLE_MS = 1000;

/** A longer gap between two looks means that this process has stood still, or has less of a processor than it needs. */
const STALL_MS = 40;

/** With so many bytes between two looks, which is 200 KB/s, replies are streaming in. */
const STREAMING_BYTES = 4096;

/** With so many replies between two looks, however short they are, the server is at work on what waits for it. */
const STREAMING_ANSWERS = 32;

/** With less than this between two, the kernel takes what has piled up: at least a megabyte each, so 4 MB/s. */
const TAKING_MS = 250;

/** While replies stream in and this process waits for less than this part of the time, it is what they wait for. */
const IDLE_PART = 1 / 4;

/** So long without a byte, while some are waited for, is worth a word: longer than most replies take. */
const QUIET_MS = 60;

/** For so long at most, if they do not come to their end. */
const MAX_REPLY_MS = 2000;

/** While they stream in and this process does wait, this part of the time counts: a call waits for twice its limit at most. */
const STREAMING_PART = 1 / 2;

/**
 * The deadlines of one connection, on a clock that only counts what the server is to blame for.
 *
 * The clock stands still while this process does, and while it has its hands full with the replies that come in: without
 * that, 100,000 reads at once would be lost to a deadline that passes before the first of them is on the wire. It runs at
 * half its speed while requests stream out or replies stream in and this process waits for more: the others can only wait
 * their turn, and giving up on what is already on its way frees nothing, but a peer that drips must not keep a call for ever.
 */
export class Deadlines {
  readonly #expire: (now: number) => number;
  readonly #onQuiet: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** No deadline is earlier than this. */
  #next = Number.POSITIVE_INFINITY;
  /** The time in this turn of the event loop, rounded up. */
  #now = 0;
  /** When it began, on the clock of `performance`; every millisecond counts here. */
  turnedAt = Number.POSITIVE_INFINITY;
  /**
   * Whether the turn before was so long ago that a server may have hung up on an idle connection. If this process stood still
   * meanwhile, that lies unread, and the next turn comes upon it: what is written then is not lost.
   */
  rested = false;
  /** For how many milliseconds the clock has stood still so far. */
  #stalledMs = 0;
  #lookedAt = 0;
  /** When bytes were last seen to have come; `Infinity` once it was told that none do. */
  #heardAt = 0;
  /** Bytes that the server has sent since the last look; counted by the connection. */
  heardBytes = 0;
  /** Replies that have come to their end since then. */
  answers = 0;
  #takenAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds that did not count since the last whole reply because this process was at work on it. */
  #workedMs = 0;
  /** How long this process had waited for something by the last look. */
  #idleMs = 0;

  /**
   * @param expire fails what is due at the time it is given; returns the earliest deadline that is left, `Infinity` for
   *   none.
   * @param onQuiet is told, once, when for a while nothing has come of what is waited for.
   */
  constructor(expire: (now: number) => number, onQuiet: () => void) {
    this.#expire = expire;
    this.#onQuiet = onQuiet;
  }

  /** Reads the clock for what begins in the rest of this turn of the event loop. */
  beginTurn(): void {
    const time = performance.now();
    this.rested = time - this.turnedAt > IDLE_MS;
    this.turnedAt = time;
    if (this.#timer !== undefined && time - this.#lookedAt > STALL_MS) this.#count(time);
    this.#now = Math.ceil(time - this.#stalledMs);
  }

  /**
   * Sets the deadline of something that begins now, or goes on after `release`.
   *
   * @param inTurn whether it is not the first of this turn of the event loop, so that the clock need not be read.
   */
  begin(timed: Timed, inTurn: boolean): void {
    if (!inTurn) this.beginTurn();
    const now = this.#now;
    timed.deadline = timed.deadline === 0 ? now + timed.timeoutMs : timed.deadline - this.#stalledMs;
    if (timed.deadline < this.#next) this.#next = timed.deadline;
    if (this.#timer !== undefined || this.#stopped) return;
    this.#heardAt = this.turnedAt;
    this.#arm();
  }

  /** Lets something go on with another connection: how long the clock has stood still here is left out there, too. */
  release(timed: Timed): void {
    if (timed.deadline !== 0) timed.deadline += this.#stalledMs;
  }

  /** The kernel has taken what was given to it, and more is waiting. */
  taken(): void {
    this.#takenAt = performance.now();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Decides how much of the time since the last look counts. */
  #count(time: number): void {
    const gap = time - this.#lookedAt;
    const streaming =
      this.heardBytes >= STREAMING_BYTES ||
      this.answers >= STREAMING_ANSWERS ||
      time - this.#takenAt < TAKING_MS;
    const idleMs = performance.eventLoopUtilization().idle;
    if (this.heardBytes > 0) this.#heardAt = time;
    if (this.answers > 0) this.#workedMs = 0;
    if (streaming && idleMs - this.#idleMs < gap * IDLE_PART && this.#workedMs < MAX_REPLY_MS) {
      this.#stalledMs += gap;
      this.#workedMs += gap;
    } else {
      const counts = gap > STALL_MS ? LOOK_MS : gap;
      this.#stalledMs += gap - (streaming ? counts * STREAMING_PART : counts);
    }
    this.#begin(time, idleMs);
  }

  #begin(time: number, idleMs: number): void {
    this.#lookedAt = time;
    this.#idleMs = idleMs;
    this.heardBytes = 0;
    this.answers = 0;
  }

  /** Looks once the replies that are already here have been read: timers come before them, `setImmediate` after. */
  #arm(): void {
    if (this.answers > 0) this.#workedMs = 0;
    this.#begin(performance.now(), performance.eventLoopUtilization().idle);
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), LOOK_MS).unref();
  }

  #look(): void {
    if (this.#stopped) return;
    const time = performance.now();
    this.#count(time);
    this.#timer = undefined;
    if (time - this.#heardAt > QUIET_MS) {
      this.#heardAt = Number.POSITIVE_INFINITY;
      this.#onQuiet();
    }
    const now = time - this.#stalledMs;
    if (now >= this.#next) {
      this.#next = Number.POSITIVE_INFINITY;
      const next = this.#expire(now);
      this.#next = Math.min(this.#next, next);
    }
    if (this.#next < Number.POSITIVE_INFINITY && this.#timer === undefined && !this.#stopped) this.#arm();
  }
}

/** Something that must be over by a deadline. */
export interface Timed {
  /** Milliseconds it may take. */
  readonly timeoutMs: number;
  /** When that is over; 0 until it has begun. Whole, as far as it can be, since fractions cost each request an allocation. */
  deadline: number;
}
