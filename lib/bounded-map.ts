/**
 * A map that holds no more than `max` entries: one more, and the entry that was put in first is forgotten.
 *
 * Setting a key that is there leaves its place; delete it first to make it the youngest.
 */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #max: number;

  /** @param max at least 1. */
  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: Key, value: Value): this {
    if (this.size >= this.#max && !this.has(key)) {
      const oldest = this.keys().next();
      if (oldest.done !== true) this.delete(oldest.value);
    }
    return super.set(key, value);
  }
}
