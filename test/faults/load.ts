import { setTimeout as wait } from 'node:timers/promises';
import type { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedError } from '../../lib/errors.js';
import { seeded } from '../cache/support/seeded.js';

/** What has become of the commands so far. */
export interface Report {
  /** Commands that were answered, hits and misses. */
  answered: number;
  /** How many failed, by the code of their error. */
  readonly failed: Map<string, number>;
  /** The longest that a command took to fail, in milliseconds, by the code of its error. */
  readonly slowest: Map<string, number>;
  /** Answers that belong to another command, and errors that are none of ours. */
  readonly wrong: string[];
}

/** A value that tells whose it is, and whether a byte of it is missing or too many. */
export function valueOf(key: string, number: number): string {
  const length = number % 50 === 0 ? 50_000 : (number * 7) % 900;
  return `${key}=${number}=${String.fromCharCode(97 + (number % 26)).repeat(length)}`;
}

/** Whether a value can have been stored under a key. */
export function isValueOf(key: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const number = Number(value.slice(key.length + 1).split('=', 1)[0]);
  return Number.isInteger(number) && value === valueOf(key, number);
}

const COUNTER_SPAN = 1_000_000_000;

/** Many callers that read, write and count without a pause, and check every answer. */
export class Load {
  readonly report: Report = { answered: 0, failed: new Map(), slowest: new Map(), wrong: [] };
  readonly #client: MemcachedClient;
  readonly #counters: boolean;
  readonly #random = seeded(1);
  readonly #workers: Promise<void>[];
  #stopped = false;
  readonly #onAnswer: (() => void)[] = [];

  /** @param options `counters`: count as well; in the classic dialect, a number does not say which counter it is of. */
  constructor(client: MemcachedClient, { callers = 20, counters = true } = {}) {
    this.#client = client;
    this.#counters = counters;
    this.#workers = Array.from({ length: callers }, () => this.#work());
  }

  /** Resolves with the next command that is answered. */
  answered(): Promise<void> {
    return new Promise((resolve) => this.#onAnswer.push(resolve));
  }

  /** Resolves once so many more commands have been answered. */
  async more(count: number): Promise<void> {
    for (const goal = this.report.answered + count; this.report.answered < goal;) await this.answered();
  }

  /** Resolves once every command has been answered or has failed. */
  async stop(): Promise<Report> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    return this.report;
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const started = performance.now();
      try {
        const complaint = await this.#step();
        if (complaint !== undefined) this.report.wrong.push(complaint);
        this.report.answered += 1;
        for (const tell of this.#onAnswer.splice(0)) tell();
      } catch (error) {
        this.#note(error, performance.now() - started);
        // A command that fails at once never leaves the turn of the event loop.
        await wait(2);
      }
    }
  }

  #note(error: unknown, elapsedMs: number): void {
    if (!(error instanceof MemcachedError)) {
      this.report.wrong.push(`an error that is none of ours: ${String(error)}`);
      return;
    }
    const { failed, slowest } = this.report;
    failed.set(error.code, (failed.get(error.code) ?? 0) + 1);
    slowest.set(error.code, Math.max(slowest.get(error.code) ?? 0, elapsedMs));
  }

  /** One command; says what is wrong with its answer. */
  async #step(): Promise<string | undefined> {
    const client = this.#client;
    const key = `key:${this.#pick(200)}`;
    switch (this.#pick(this.#counters ? 6 : 5)) {
      case 0:
        await client.set(key, valueOf(key, this.#pick(10_000)));
        return undefined;
      case 1:
        return complain(key, await client.get(key));
      case 2:
        return complain(key, (await client.gets(key))?.value);
      case 3: {
        const keys = Array.from({ length: 10 }, () => `key:${this.#pick(200)}`);
        const values = await client.getMany(keys);
        for (const [found, value] of values) {
          if (!keys.includes(found) || !isValueOf(found, value)) return complain(found, value);
        }
        for (const { error } of values.failures) this.#note(error, 0);
        return undefined;
      }
      case 4:
        await client.delete(key);
        return undefined;
      default: {
        const number = this.#pick(20);
        const count = await client.incr(`count:${number}`, 1, { initial: number * COUNTER_SPAN });
        return count === undefined || Math.floor(count / COUNTER_SPAN) === number
          ? undefined
          : `counter ${number} is at ${count}`;
      }
    }
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below);
  }
}

function complain(key: string, value: unknown): string | undefined {
  return value === undefined || isValueOf(key, value)
    ? undefined
    : `${key} has ${JSON.stringify(value).slice(0, 60)}`;
}

/** Whether measurements are wanted, whatever time they take. */
export const MEASURING = process.env.MEASURE === '1';

/** Tells a measurement to whoever runs the tests with `MEASURE=1`; none is a condition of a test. */
export function measured(what: string, value: number, unit = 'ms'): void {
  if (MEASURING) process.stdout.write(`measured: ${what}: ${value.toFixed(2)} ${unit}\n`);
}
