/* Changes that must each take effect once: counters of the server, gets and cas by hand, and the cache's `update`. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Counters that many callers count up; every number that a caller is told must be his alone. */
export class Counters {
  /** @readonly */
  #verdict;
  /** @readonly */
  #kind;
  /** @readonly */
  #strict;
  /** @readonly */
  #counters;
  /** @readonly */
  #steps;

  /**
   * @param {'incr' | 'cas' | 'update'} kind
   * @param {object} subject
   * @param {boolean} strict whether what the server says can be trusted.
   */
  constructor(kind, subject, verdict, count, strict) {
    this.#verdict = verdict;
    this.#kind = kind;
    this.#strict = strict;
    this.#steps = stepsOf(subject);
    this.#counters = Array.from({ length: count }, (_, index) => ({
      key: `${kind}:${index}`,
      told: new Set(),
      acknowledged: 0,
      unknown: 0,
      initials: 0,
    }));
  }

  async prepare() {
    for (const { key } of this.#counters) await this.#steps[this.#kind].prepare(key);
  }

  async count(random) {
    const counter = this.#counters[Math.floor(random() * this.#counters.length)];
    const done = await this.#verdict.of(this.#kind, () => this.#steps[this.#kind].count(counter));
    if (done === undefined) {
      counter.unknown += 1;
      await sleep(1);
      return;
    }
    // Somebody else was quicker.
    if (done.value === undefined) return;
    this.#verdict.updates += 1;
    counter.acknowledged += 1;
    if (this.#strict && counter.told.has(done.value))
      this.#verdict.complain('lost', `${counter.key}: two callers were told ${done.value}`);
    counter.told.add(done.value);
  }

  /** Once all is over: what is there, against what was acknowledged. */
  async judge() {
    if (!this.#strict) return;
    for (const counter of this.#counters) {
      const { key, acknowledged, unknown } = counter;
      const value = Number(await this.#steps[this.#kind].read(key));
      if (!(value >= acknowledged)) {
        this.#verdict.lost += acknowledged - (value || 0) - 1;
        this.#verdict.complain('lost', `${key} is ${value}, ${acknowledged} changes were acknowledged`);
      }
      if (value > acknowledged + unknown) {
        this.#verdict.doubled += value - acknowledged - unknown - 1;
        this.#verdict.complain(
          'doubled',
          `${key} is ${value} after ${acknowledged} changes and ${unknown} unknown`,
        );
      }
    }
  }
}

function stepsOf({ raw, service, get }) {
  return {
    incr: {
      prepare: (key) => raw.incr(key, 0, { initial: 0 }),
      count: ({ key }) => raw.incr(key, 1),
      read: (key) => raw.get(key),
    },
    cas: {
      prepare: (key) => raw.set(key, 0),
      async count({ key }) {
        const found = await raw.gets(key);
        if (found === undefined) return undefined;
        return (await raw.cas(key, found.value + 1, found.cas)) === 'stored' ? found.value + 1 : undefined;
      },
      read: (key) => raw.get(key),
    },
    update: {
      prepare: (key) => service.update(key, (value) => value, { initial: 0 }),
      count: ({ key }) => service.update(key, (value) => value + 1, { initial: 0, attempts: 1000 }),
      read: (key) => get(key),
    },
  };
}
