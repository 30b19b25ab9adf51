import type { Request } from '../protocol/request.js';
import type { RequestQueue } from './request-queue.js';

/**
 * Commands on their way, of whatever size: a proxy gives up on those that have waited in its own queue for longer than its
 * time-out, so the rest wait here.
 */
const OF_ANY_SIZE = 256;

/** As many while they are small: those for a server that stands still are given up together, and hold up the others once. */
const OF_SMALL = 1024;

/** As many where a proxy is known to wait for a server: each window may cost its time-out. */
const IN_NEED = 4096;

/** What small ones may come to, in bytes of values. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** How many commands may be on their way in the classic dialect, where a proxy may be at the other end. */
export class ClassicWindow {
  #limit: number;
  /** How large values are of late that are read. */
  #valueBytes: number;

  /** @param inNeed whether that is known from the start. What is not known yet counts as large otherwise. */
  constructor(inNeed: boolean) {
    this.#limit = inNeed ? IN_NEED : OF_SMALL;
    this.#valueBytes = SMALL_BYTES / (inNeed ? IN_NEED : OF_ANY_SIZE);
  }

  /** A proxy has waited for a server. */
  widen(): void {
    this.#limit = IN_NEED;
  }

  /** A value has come. */
  note(bytes: number): void {
    this.#valueBytes += (bytes - this.#valueBytes) / 8;
  }

  /** Whether a request may be sent behind those that have no reply yet. */
  takes({ kind }: Request, { bytes, length }: RequestQueue): boolean {
    if (length < OF_ANY_SIZE) return true;
    if (length >= this.#limit || bytes >= SMALL_BYTES) return false;
    // The value of a read comes back the same way.
    return !kind.includes('get') || length * this.#valueBytes <= SMALL_BYTES;
  }
}
