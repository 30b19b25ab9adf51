/**
 * The sets of a key that this process has under way at a time: they end as they were called, whose answers come first.
 *
 * Who meets another's write leaves the key to the one that was called last, and ends with it.
 */
export class SetsUnderWay {
  readonly #keys = new Map<string, Sets>();

  /**
   * Runs one more.
   *
   * @param work is given what tells the outcome of the one that was called last, undefined while that is it itself.
   */
  run(name: string, work: (later: () => Promise<boolean> | undefined) => Promise<boolean>): Promise<boolean> {
    const sets = this.#keys.get(name) ?? { count: 0, last: undefined };
    this.#keys.set(name, sets);
    sets.count += 1;
    const mine: Promise<boolean> = work(() => (sets.last === mine ? undefined : sets.last)).finally(() => {
      sets.count -= 1;
      if (sets.count === 0) this.#keys.delete(name);
    });
    sets.last = mine;
    return mine;
  }
}

/** Those of one key. */
interface Sets {
  count: number;
  last: Promise<boolean> | undefined;
}
