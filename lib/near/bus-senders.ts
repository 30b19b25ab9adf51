import { BoundedMap } from '../bounded-map.js';
import { type BusMessage, GOODBYE } from './bus-message.js';

/** Processes that are remembered at most: those that come and go are forgotten, the one that was silent longest first. */
const MAX_SENDERS = 10_000;

/** Who speaks on a bus, and whether something of what they said was lost: their messages are numbered, and come often. */
export class BusSenders {
  /** The number of the last message that was heard, of everyone. */
  readonly #numbers = new BoundedMap<string, number>(MAX_SENDERS);
  /** When each was heard last of whom more is to come. */
  readonly #heardAt = new Map<string, number>();
  /** Of those, who said last that they do not hear themselves in time. */
  readonly #late = new Set<string>();

  /**
   * Notes a message.
   *
   * @returns whether none of its sender's messages before it was lost, as far as can be known.
   */
  note({ sender, number, says, isLate }: BusMessage, now: number): boolean {
    const last = this.#numbers.get(sender) ?? 0;
    // One that was held up, or comes twice, says nothing of how its sender is: a later one has.
    if (number <= last) return true;
    // It is the youngest by that.
    this.#numbers.delete(sender);
    this.#numbers.set(sender, number);
    if (says === GOODBYE) this.#heardAt.delete(sender);
    else this.#heardAt.set(sender, now);
    if (isLate && says !== GOODBYE) this.#late.add(sender);
    else this.#late.delete(sender);
    return number === last + 1;
  }

  /** Forgets who was silent since before; they have died, or speak no more for another reason. @returns whether there were any. */
  forgetBefore(time: number): boolean {
    let any = false;
    for (const [sender, heardAt] of this.#heardAt) {
      if (heardAt >= time) continue;
      any = this.#heardAt.delete(sender);
      this.#late.delete(sender);
    }
    return any;
  }

  /**
   * When the one was heard of whom nothing was heard for the longest; `Infinity` while nobody is to be heard. What comes late for as
   * long as it comes is as good as not heard: then it is `-Infinity`.
   */
  get oldest(): number {
    if (this.#late.size > 0) return Number.NEGATIVE_INFINITY;
    let oldest = Number.POSITIVE_INFINITY;
    for (const heardAt of this.#heardAt.values()) if (heardAt < oldest) oldest = heardAt;
    return oldest;
  }

  /** How many are to be heard. */
  get count(): number {
    return this.#heardAt.size;
  }
}
