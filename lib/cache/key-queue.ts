/** Lets those who want a key stand in line, in this process. */
export class KeyQueue {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs work once everything that stood in line for the key before has ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    let leave!: () => void;
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last.set(key, mine);
    if (before !== undefined) await before;
    try {
      return await work();
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
      leave();
    }
  }
}
