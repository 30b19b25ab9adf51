import type { Request } from '../protocol/request.js';

/** A first-in first-out queue of requests that neither moves nor allocates per request. */
export class RequestQueue {
  #slots: (Request | undefined)[] = new Array<Request | undefined>(64);
  #head = 0;
  /** How many there are. A field, as the next is, since every reply asks for both. */
  length = 0;
  /** What their values and keys come to, as they were admitted. */
  bytes = 0;
  /** The one whose turn it is. */
  first: Request | undefined;

  push(request: Request): void {
    const { length } = this;
    if (length === 0) this.first = request;
    else if (length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + length) & (this.#slots.length - 1)] = request;
    this.length = length + 1;
    this.bytes += request.admittedBytes;
  }

  shift(): Request | undefined {
    const request = this.first;
    if (request === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.length -= 1;
    this.bytes -= request.admittedBytes;
    this.first = this.#slots[this.#head];
    return request;
  }

  /** Whether somebody still waits for the answer to one of the requests. */
  hasLive(): boolean {
    for (let index = 0; index < this.length; index += 1) if (!this.#at(index).settled) return true;
    return false;
  }

  /**
   * Fails the live requests whose deadline has come; they stay in the queue.
   *
   * @returns the earliest deadline of those that go on, `Infinity` for none.
   */
  failDue(now: number, why: (request: Request) => Error): number {
    let next = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.length; index += 1) {
      const request = this.#at(index);
      if (request.settled) continue;
      if (request.deadline <= now) request.fail(why(request));
      else if (request.deadline < next) next = request.deadline;
    }
    return next;
  }

  /** Empties the queue and returns what was in it, in order. */
  drain(): Request[] {
    const all: Request[] = [];
    for (let request = this.shift(); request !== undefined; request = this.shift()) all.push(request);
    return all;
  }

  #at(index: number): Request {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]!;
  }

  /** Doubles the ring; its size stays a power of two, so that a position wraps with a mask. */
  #grow(): void {
    const old = this.#slots;
    const slots = new Array<Request | undefined>(old.length * 2);
    for (let index = 0; index < this.length; index += 1) {
      slots[index] = old[(this.#head + index) & (old.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
