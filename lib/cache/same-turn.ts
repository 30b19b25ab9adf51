/** Continued in a microtask: half the price of `queueMicrotask`, and no test runner puts its own in its place. */
const RESOLVED = Promise.resolve();

/**
 * Lets reads of one key that begin in the same turn of the event loop be one read.
 *
 * No longer than that: a read that has left may be answered with what was there before an invalidation that has
 * returned meanwhile, and whoever begins after that return must not be given its answer.
 */
export class SameTurn<V> {
  #shared = new Map<string, Promise<V>>();

  /** The read of this key that began in this turn, if there was one; to be asked before one is begun. */
  get(key: string): Promise<V> | undefined {
    // Queued before the read can queue its own departure: the turn has ended when the read leaves.
    // A new map each time: a cleared one leads from its old table to the new, by which V8 keeps every later turn's reads.
    if (this.#shared.size === 0) void RESOLVED.then(() => (this.#shared = new Map()));
    return this.#shared.get(key);
  }

  /** Shares a read with those that follow in this turn. */
  share(key: string, read: Promise<V>): Promise<V> {
    this.#shared.set(key, read);
    return read;
  }

  /** What begins from now on reads anew, the key or all. */
  forget(key?: string): void {
    if (key === undefined) this.#shared.clear();
    else this.#shared.delete(key);
  }
}
