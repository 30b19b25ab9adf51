/**
 * Lets reads of one key that begin in the same turn of the event loop be one read.
 *
 * No longer than that: a read that has left may be answered with what was there before an invalidation that has
 * returned meanwhile, and whoever begins after that return must not be given its answer.
 */
export class SameTurn<V> {
  #shared = new Map<string, Promise<V>>();

  /** The read of this key that began in this turn, or a new one. */
  share(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    // Queued before the read can queue its own departure: it has ended when the read leaves.
    // A new map each time: a cleared one leads from its old table to the new, by which V8 keeps every later turn's reads.
    if (this.#shared.size === 0) queueMicrotask(() => (this.#shared = new Map()));
    const promise = read();
    this.#shared.set(key, promise);
    return promise;
  }

  /** What begins from now on reads anew. */
  forget(key: string): void {
    this.#shared.delete(key);
  }
}
