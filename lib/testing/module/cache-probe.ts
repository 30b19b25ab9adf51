import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { InvalidArgumentError, UnsupportedError } from '../../errors.js';
import type { CacheMessage } from '../../nest/cache-diagnostics.js';
import { type Duration, toMilliseconds } from '../../options/duration.js';
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
 * Servers of a test, how old what they hold is, what goes wrong with them, and what became of each key.
 *
 * What it counts is what all caches of this process have told since it was made: tests that run at the same time in one
 * process use keys of their own.
 */
export class CacheProbe implements AsyncDisposable {
  /** One for each server that was asked for. */
  readonly servers: readonly FaultyServer[];
  /** By key and instance. */
  readonly #rows = new Map<string, Row>();
  readonly #work: OpenWork;
  readonly #listeners: readonly (readonly [channel: string, listener: (message: unknown) => void])[];
  #closing: Promise<void> | undefined;

  private constructor(servers: readonly FaultyServer[]) {
    this.servers = servers;
    this.#listeners = NAMES.map((name) => [
      `nestjs-memcached:cache:${CHANNELS[name]}`,
      (message) => this.#note(name, message as CacheMessage),
    ]);
    for (const [channel, listener] of this.#listeners) subscribe(channel, listener);
    this.#work = new OpenWork(this.addresses);
  }

  /**
   * Starts servers with faults, without Nest.
   *
   * @param count how many servers are started, at least 1.
   */
  static async start(count = 1): Promise<CacheProbe> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new InvalidArgumentError(`servers: expected a whole number of at least 1, got ${count}`);
    }
    return new CacheProbe(await Promise.all(Array.from({ length: count }, () => FaultyServer.start())));
  }

  /** What `MemcachedModule` and clients take as `servers`. */
  get addresses(): string[] {
    return this.servers.map(({ address }) => address);
  }

  /**
   * What became of a key, as the application writes it, or of all keys that a pattern matches: those of one method begin
   * alike.
   *
   * @throws {UnsupportedError} where one of the caches that are meant names no keys (`diagnosticKeys: false`).
   */
  of(key: string | RegExp, { instance }: CountsOf = {}): KeyCounts {
    const meant = [...this.#rows.values()].filter(
      (row) => instance === undefined || row.instance === instance,
    );
    const isOf = (row: Row): boolean => {
      if (row.key === undefined) {
        throw new UnsupportedError(
          `the cache ${JSON.stringify(row.instance)} names no keys, since its option diagnosticKeys is false; leave it out, or look at probe.total`,
        );
      }
      return typeof key === 'string' ? row.key === key : row.key.search(key) >= 0;
    };
    return sum(meant.filter(isOf));
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

  /**
   * Lets all that the servers hold be older by so much: values, leases and locks expire. What this process counts goes on as
   * before: how long a copy of its near cache lives, the `Age` of `@HttpCache`, pauses after failures.
   */
  advance(by: Duration): void {
    const byMs = toMilliseconds(by, 'advance');
    for (const server of this.servers) server.age(byMs);
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
  /** Of all keys together where it names none. */
  readonly key: string | undefined;
  readonly instance: string;
  readonly counts: Record<keyof KeyCounts, number>;
}

function sum(rows: Iterable<Row>): KeyCounts {
  const total: Record<keyof KeyCounts, number> = { ...NOTHING };
  for (const { counts } of rows) for (const name of NAMES) total[name] += counts[name];
  return total;
}
