/* Rows of a database that are read through the cache, changed, and invalidated. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest time that a load takes. */
export const LOAD_MS = 20;

export class Rows {
  /** @readonly */
  #verdict;
  /** @readonly */
  #ways;
  /** @readonly */
  #random;
  /** @readonly */
  #rows;
  /** @readonly what every later read has to be as new as. */
  #floors;

  /**
   * @param {{ read(id: number, load: () => Promise<object>): Promise<object>, invalidate(id: number): Promise<void> }} ways
   */
  constructor(kind, verdict, random, count, ways) {
    this.kind = kind;
    this.#verdict = verdict;
    this.#random = random;
    this.#ways = ways;
    this.#rows = new Array(count).fill(0);
    this.#floors = new Array(count).fill(0);
  }

  /** What the database says, at some moment within the time that it takes. */
  async load(id) {
    await sleep((this.#random() * LOAD_MS) / 2);
    const version = this.#rows[id];
    await sleep((this.#random() * LOAD_MS) / 2);
    return { id, version };
  }

  async read(id = this.#pick()) {
    const floor = this.#floors[id];
    const done = await this.#verdict.of(this.kind, () => this.#ways.read(id, () => this.load(id)));
    if (done === undefined) return;
    this.judge(id, floor, done.value);
  }

  /** Many at once, each once. */
  async readMany(count) {
    const ids = [...new Set(Array.from({ length: count }, () => this.#pick()))];
    const floors = ids.map((id) => this.#floors[id]);
    const load = (missing) => Promise.all(missing.map((id) => this.load(id)));
    const done = await this.#verdict.of(`${this.kind}Many`, () => this.#ways.readMany(ids, load));
    if (done === undefined) return;
    ids.forEach((id, index) => this.judge(id, floors[index], done.value.get(id)));
  }

  judge(id, floor, row) {
    this.#verdict.reads += 1;
    if (row?.id !== id || !(row.version <= this.#rows[id])) {
      this.#verdict.complain('wrong', `${this.kind} of row ${id} is ${JSON.stringify(row)?.slice(0, 80)}`);
    } else if (row.version < floor) {
      this.#verdict.complain(
        'stale',
        `${this.kind} of row ${id} is ${row.version}, ${floor} was invalidated`,
      );
    }
  }

  async change(id = this.#pick()) {
    this.#rows[id] += 1;
    const version = this.#rows[id];
    const done = await this.#verdict.of(`invalidate ${this.kind}`, () => this.#ways.invalidate(id));
    if (done !== undefined) this.#floors[id] = Math.max(this.#floors[id], version);
  }

  /** Reads a row that is changed and invalidated while it is loaded: what was loaded may be answered, and not kept. */
  async race() {
    const id = this.#pick();
    if ((await this.#verdict.of(`invalidate ${this.kind}`, () => this.#ways.invalidate(id))) === undefined)
      return;
    const load = async () => {
      const row = await this.load(id);
      await this.change(id);
      return row;
    };
    await this.#verdict.of(this.kind, () => this.#ways.read(id, load));
    await this.read(id);
  }

  /** At rest, everybody gets what the database says; what a failed invalidation was about is not asked for. */
  async settle() {
    await Promise.all(
      this.#rows.map(async (_, id) => {
        const done = await this.#verdict.of(this.kind, () => this.#ways.read(id, () => this.load(id)));
        if (done !== undefined) this.judge(id, this.#floors[id], done.value);
      }),
    );
  }

  #pick() {
    return Math.floor(this.#random() * this.#rows.length);
  }
}
