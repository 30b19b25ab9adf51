import type { LookupAddress } from 'node:dns';
import { lookup, resolve4, resolve6, resolveSrv } from 'node:dns/promises';
import { NameLookups } from '../connection/name-lookups.js';
import { ConnectionError, CommandTimeoutError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ResolvedDiscovery } from '../options/discovery-options.js';
import { readServers, type ServerAddress } from '../options/server-options.js';
import { clearTimeout, performance, setTimeout } from '../timers.js';
import { askEndpoint } from './cluster-config.js';

/** So many answers are awaited at a time, those that do not come in time included. One that is so old does not count. */
const MAX_ASKED = 2;
const LOST_MS = 30_000;

/** The pause after a failed attempt, doubled each time up to the interval; longer where there is a list already. */
const FIRST_PAUSE_MS = 100;
const LATER_PAUSE_MS = 1000;

/** More servers than any cluster has: to arrange ten thousand names takes seconds in which nothing else is done. */
const MAX_SERVERS = 1000;

/** Asks for the list of servers again and again; a failed attempt leaves the last list in place. */
export class Discovery {
  readonly #source: ResolvedDiscovery;
  readonly #options: ResolvedClientOptions;
  readonly #listener: DiscoveryListener;
  readonly #lookups = new NameLookups();
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  /** How long one attempt may take until the next begins; its answer is taken all the same, if it comes. */
  readonly #attemptMs: number;
  /** Answers that are awaited, the latest last. */
  #asked: Question[] = [];
  /** When the answer was asked for that was taken last. */
  #takenSince = 0;
  #failures = 0;
  #hasList = false;
  #closed = false;

  constructor(source: ResolvedDiscovery, options: ResolvedClientOptions, listener: DiscoveryListener) {
    this.#source = source;
    this.#options = options;
    this.#attemptMs = Math.max(1000, options.connectTimeout + options.commandTimeout);
    this.#listener = listener;
  }

  /** Asks once, and from then on at every interval, or sooner after a failure; resolves after the first attempt. */
  async run(): Promise<void> {
    try {
      await this.#attempt();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (!this.#closed) this.#listener.onFailure(error as Error);
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.run(), this.#pauseMs()).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
  }

  async #attempt(): Promise<void> {
    const over = new Promise<never>((_resolve, reject) => {
      this.#limit = setTimeout(() => {
        const { type } = this.#source;
        const message = `discovery (${type}): no answer within ${this.#attemptMs} ms`;
        reject(new CommandTimeoutError(message, '', 'not-sent', this.#attemptMs));
      }, this.#attemptMs).unref();
    });
    try {
      await Promise.race([this.#ask(), over]);
    } finally {
      clearTimeout(this.#limit);
    }
  }

  /** Asks, or joins who has asked not long ago. */
  async #ask(): Promise<void> {
    const now = performance.now();
    this.#asked = this.#asked.filter(({ since }) => now - since < LOST_MS);
    let asked = this.#asked.at(-1);
    if (asked === undefined || (now - asked.since > this.#attemptMs && this.#asked.length < MAX_ASKED)) {
      asked = { answer: this.#find(asked !== undefined), since: now };
      this.#asked.push(asked);
    }
    let servers: readonly ServerAddress[];
    try {
      servers = await asked.answer;
    } finally {
      this.#asked = this.#asked.filter((other) => other !== asked);
    }
    if (this.#closed || asked.since <= this.#takenSince) return;
    this.#takenSince = asked.since;
    this.#take(servers);
  }

  #take(servers: readonly ServerAddress[]): void {
    this.#refuseMany(servers.length);
    this.#listener.onServers(servers);
    this.#hasList = true;
  }

  /** Reads a list; of one that is too long nothing, since that would hold up the process. */
  readonly #read = (found: unknown): readonly ServerAddress[] => {
    if (Array.isArray(found)) this.#refuseMany(found.length);
    return readServers(found, 'discovery');
  };

  #refuseMany(count: number): void {
    if (count <= MAX_SERVERS) return;
    const message = `discovery (${this.#source.type}): ${count} servers, the most is ${MAX_SERVERS}`;
    throw new ConnectionError(message, '', 'not-sent');
  }

  #pauseMs(): number {
    const { interval } = this.#source;
    if (this.#failures === 0) return interval;
    const first = this.#hasList ? LATER_PAUSE_MS : FIRST_PAUSE_MS;
    return Math.min(interval, first * 2 ** Math.min(this.#failures - 1, 20));
  }

  /** @param again while an earlier question is still under way. */
  async #find(again: boolean): Promise<readonly ServerAddress[]> {
    const source = this.#source;
    switch (source.type) {
      case 'elasticache':
        return askEndpoint(source.endpoint, this.#options, this.#lookups, this.#read);
      case 'dns':
        return this.#read(await resolveName(source, again));
      case 'function':
        return this.#read(await source.find());
    }
  }
}

/** Told about every list that was found, and about every attempt that failed. */
export interface DiscoveryListener {
  onServers(servers: readonly ServerAddress[]): void;
  onFailure(error: Error): void;
}

/** A question that is under way. */
interface Question {
  readonly answer: Promise<readonly ServerAddress[]>;
  readonly since: number;
}

/** All servers behind a name, in an order that does not depend on the resolver's. */
async function resolveName(source: ResolvedDiscovery & { type: 'dns' }, again: boolean): Promise<string[]> {
  if (source.record === 'srv') {
    const records = await resolveSrv(source.name);
    return records.map(({ name, port, weight }) => `${name}:${port}=${Math.max(weight, 1)}`).toSorted();
  }
  const found = await addressesOf(source.name, source.family ?? 0, again);
  // A server with both kinds of address is one server: the keys of two would lie in it twice.
  const family = found.some((address) => address.family === 4) ? 4 : 6;
  const addresses = found.filter((address) => address.family === family);
  if (addresses.length === 0) {
    throw new ConnectionError(`${source.name}: the name has no address`, source.name, 'not-sent');
  }
  return addresses
    .map(({ address }) => (family === 6 ? `[${address}]:${source.port}` : `${address}:${source.port}`))
    .toSorted();
}

/**
 * A look-up of the system takes one of its threads until it ends. Where one hangs, the name servers are asked past it, so that
 * other names of the process are found; what they do not know, the system may.
 */
async function addressesOf(name: string, family: 0 | 4 | 6, again: boolean): Promise<LookupAddress[]> {
  if (again) {
    const direct = await Promise.all([
      family === 6 ? [] : resolve4(name).catch(() => []),
      family === 4 ? [] : resolve6(name).catch(() => []),
    ]);
    const found = direct.flatMap((addresses, index) =>
      addresses.map((address) => ({ address, family: index === 0 ? 4 : 6 })),
    );
    if (found.length > 0) return found;
  }
  return lookup(name, { all: true, family });
}
