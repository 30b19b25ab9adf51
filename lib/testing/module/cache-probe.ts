import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { InvalidArgumentError } from '../../errors.js';
import type { CacheMessage } from '../../nest/cache-diagnostics.js';
import { type Duration, toMilliseconds } from '../../options/duration.js';
import { unixMs } from '../../unix-time.js';
import { FaultyServer } from './faulty-server.js';
import { OpenWork } from './open-work.js';

/** The channel of each count. */
const CHANNELS = {
  hits: 'hit',
  misses: 'miss',
  stale: 'stale',
  loads: 'load',
  failures: 'load-failure',
  invalidations: 'invalidation',
} as const satisfies Record<keyof KeyCounts, string>;

const NAMES = Object.keys(CHANNELS) as (keyof KeyCounts)[];

const NOTHING: KeyCounts = { hits: 0, misses: 0, stale: 0, loads: 0, failures: 0, invalidations: 0 };

/**
 * Servers of a test, their clock, what goes wrong with them, and what became of each key.
 *
 * What it counts is what all caches of this process have told since it was made: tests that run at the same time in one
 * process use keys of their own.
 */
export class CacheProbe implements AsyncDisposable {
  /** One for each server that was asked for. */
  readonly servers: readonly FaultyServer[];
  readonly #clock: { aheadMs: number };
  /** By key and instance. */
  readonly #rows = new Map<string, Row>();
  readonly #work: OpenWork;
  readonly #listeners: readonly (readonly [channel: string, listener: (message: unknown) => void])[];
  #closing: Promise<void> | undefined;

  private constructor(servers: readonly FaultyServer[], clock: { aheadMs: number }) {
    this.servers = servers;
    this.#clock = clock;
    this.#listeners = NAMES.map((name) => [
      `nestjs-memcached:cache:${CHANNELS[name]}`,
      (message) => this.#note(name, message as CacheMessage),
    ]);
    for (const [channel, listener] of this.#listeners) subscribe(channel, listener);
    this.#work = new OpenWork(this.addresses);
  }

  /**
   * Starts servers with a clock and faults, without Nest.
   *
   * @param count how many servers are started, at least 1.
   */
  static async start(count = 1): Promise<CacheProbe> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new InvalidArgumentError(`servers: expected a whole number of at least 1, got ${count}`);
    }
    const clock = { aheadMs: 0 };
    const now = (): number => unixMs() + clock.aheadMs;
    const servers = await Promise.all(Array.from({ length: count }, () => FaultyServer.start(now)));
    return new CacheProbe(servers, clock);
  }

  /** What `MemcachedModule` and clients take as `servers`. */
  get addresses(): string[] {
    return this.servers.map(({ address }) => address);
  }

  /**
   * What became of a key, as the application writes it, or of all keys that a pattern matches: those of one method begin
   * alike.
   */
  of(key: string | RegExp, { instance }: CountsOf = {}): KeyCounts {
    const isMeant = (row: Row): boolean =>
      (typeof key === 'string' ? row.key === key : row.key.search(key) >= 0) &&
      (instance === undefined || row.instance === instance);
    return sum([...this.#rows.values()].filter(isMeant));
  }

  /** What became of all keys together. */
  get total(): KeyCounts {
    return sum(this.#rows.values());
  }

  /**
   * Waits until what responses have left to be done behind them is done: loads of stale values, stores, requests to these
   * servers. One that is stalled is waited for until its commands run out of time.
   */
  settled(): Promise<void> {
    return this.#work.settled();
  }

  /** Counts from 0. */
  reset(): void {
    this.#rows.clear();
  }

  /** Turns the clock forward by which everything expires: that of the servers. Caches have none of their own for it. */
  advance(by: Duration): void {
    this.#clock.aheadMs += toMilliseconds(by, 'advance');
  }

  /** Ends the servers; a second call waits for the first. */
  close(): Promise<void> {
    for (const [channel, listener] of this.#listeners) unsubscribe(channel, listener);
    this.#work[Symbol.dispose]();
    this.#closing ??= Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]())).then(
      () => undefined,
    );
    return this.#closing;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #note(name: keyof KeyCounts, { key, instance }: CacheMessage): void {
    if (key === undefined) return;
    const id = JSON.stringify([key, instance]);
    let row = this.#rows.get(id);
    if (row === undefined) this.#rows.set(id, (row = { key, instance, counts: { ...NOTHING } }));
    row.counts[name] += 1;
  }
}

/** How often each thing has happened to a key. */
export interface KeyCounts {
  /** Fresh values that were served. */
  readonly hits: number;
  /** Reads that found nothing to serve. */
  readonly misses: number;
  /** Stale values that were served. */
  readonly stale: number;
  /** Calls of the loader: of the method under `@Cacheable`. */
  readonly loads: number;
  /** Of them, those that failed. */
  readonly failures: number;
  readonly invalidations: number;
}

/** Which of the counts are meant. */
export interface CountsOf {
  /** Those of the module with this `name`; `'default'` of the one without. Without it, of all. */
  readonly instance?: string;
}

/** What has become of one key in one cache. */
interface Row {
  readonly key: string;
  readonly instance: string | undefined;
  readonly counts: Record<keyof KeyCounts, number>;
}

function sum(rows: Iterable<Row>): KeyCounts {
  const total: Record<keyof KeyCounts, number> = { ...NOTHING };
  for (const { counts } of rows) for (const name of NAMES) total[name] += counts[name];
  return total;
}
