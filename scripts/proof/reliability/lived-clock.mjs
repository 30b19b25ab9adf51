import { setInterval } from 'node:timers';

/** How often it looks at the time. */
const LOOK_MS = 10;

/** A longer gap means that this process stood still, or had no processor: of it, only so much counts as an ordinary one would. */
const STALL_MS = 40;
const COUNTED_MS = 20;

/** A clock that stands still while this process does, as the library's time limits do: what the machine adds is not on it. */
export class LivedClock {
  #counted = 0;
  #lookedAt = performance.now();

  constructor() {
    setInterval(() => this.#look(), LOOK_MS).unref();
  }

  now() {
    return this.#counted + Math.min(performance.now() - this.#lookedAt, COUNTED_MS);
  }

  #look() {
    const time = performance.now();
    const gap = time - this.#lookedAt;
    this.#counted += gap > STALL_MS ? COUNTED_MS : gap;
    this.#lookedAt = time;
  }
}
