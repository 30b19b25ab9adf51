/**
 * Gathers what is asked for one by one within a turn, and asks for all of it at once: resolvers of one request run so.
 */
export class Gathered<Id, Row> {
  readonly #load: (ids: readonly Id[]) => Promise<readonly Row[]>;
  #waiting: { id: Id; give: (row: Row) => void; fail: (error: unknown) => void }[] = [];

  constructor(load: (ids: readonly Id[]) => Promise<readonly Row[]>) {
    this.#load = load;
  }

  one(id: Id): Promise<Row> {
    return new Promise((give, fail) => {
      if (this.#waiting.push({ id, give, fail }) === 1) setImmediate(() => void this.#ask());
    });
  }

  async #ask(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const rows = await this.#load(waiting.map(({ id }) => id));
      for (const [at, { give }] of waiting.entries()) give(rows[at]);
    } catch (error) {
      for (const { fail } of waiting) fail(error);
    }
  }
}
