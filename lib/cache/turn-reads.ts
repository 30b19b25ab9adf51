/** Continued in a microtask: half the price of `queueMicrotask`, and no test runner puts its own in its place. */
const RESOLVED = Promise.resolve();

/**
 * Lets reads of one key that begin in the same turn of the event loop be one read.
 *
 * No longer than that: a read that has left may be answered with what was there before an invalidation that has
 * returned meanwhile, and whoever begins after that return must not be given its answer.
 */
export class TurnReads<V> {
  /** The reads that began in this turn, by key; what is taken out is read anew by whoever begins from then on. */
  reads = new Map<string, V>();

  /** Begins a turn; to be called before its first read is begun. */
  begin(): void {
    // Queued before the read can queue its own departure: the turn has ended when the read leaves.
    // A new map each time: a cleared one leads from its old table to the new, by which V8 keeps every later turn's reads.
    void RESOLVED.then(() => (this.reads = new Map()));
  }
}
