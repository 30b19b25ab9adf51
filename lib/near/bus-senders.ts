import { BoundedMap } from '../bounded-map.js';

/** Processes that are remembered at most: those that come and go are forgotten, the one that was silent longest first. */
const MAX_SENDERS = 10_000;

/** Who speaks on a bus, and whether something of what they said was lost: their messages are numbered, and come often. */
export class BusSenders {
  /** The number of the last message that was heard, of everyone. */
  readonly #numbers = new BoundedMap<string, number>(MAX_SENDERS);
  /** When each was heard last of whom more is to come. */
  readonly #heardAt = new Map<string, number>();

  /**
   * Notes a message.
   *
   * @param isLast whether the sender said that no more is to come.
   * @returns whether none of its sender's messages before it was lost, as far as can be known.
   */
  note(sender: string, number: number, now: number, isLast: boolean): boolean {
    const last = this.#numbers.get(sender) ?? 0;
    // One that was held up, or comes twice, says nothing of how its sender is: a later one has.
    if (number <= last) return true;
    // It is the youngest by that.
    this.#numbers.delete(sender);
    this.#numbers.set(sender, number);
    if (isLast) this.#heardAt.delete(sender);
    else this.#heardAt.set(sender, now);
    return number === last + 1;
  }

  /** Forgets who was silent since before; they have died, or speak no more for another reason. @returns whether there were any. */
  forgetBefore(time: number): boolean {
    let any = false;
    for (const [sender, heardAt] of this.#heardAt) {
      if (heardAt < time) any = this.#heardAt.delete(sender);
    }
    return any;
  }

  /** When the one was heard of whom nothing was heard for the longest; `Infinity` while nobody is to be heard. */
  get oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const heardAt of this.#heardAt.values()) if (heardAt < oldest) oldest = heardAt;
    return oldest;
  }

  /** How many are to be heard. */
  get count(): number {
    return this.#heardAt.size;
  }
}
