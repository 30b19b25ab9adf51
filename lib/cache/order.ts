/**
 * The order of events in this process, where a clock is too coarse: what got a smaller number came first.
 */
export class Order {
  /** The number of the latest event; what begins now comes after it, and before the next. */
  now = 0;

  /** Marks an event. What began before it has read a smaller `now`. */
  next(): number {
    this.now += 1;
    return this.now;
  }
}
