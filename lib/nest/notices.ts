import {
  Logger,
  type LoggerService,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { CacheCounters } from '../cache/cache-events.js';
import { type Clock, systemClock } from '../cache/clock.js';
import type { NodeStatus } from '../client/server-commands.js';
import { clearTimeout, setTimeout } from '../timers.js';
import type { UncachedCounts } from './instance/uncached-calls.js';

const MINUTE_MS = 60_000;

/** What lasts is said again after so long. */
const AGAIN_MS = 60 * MINUTE_MS;

/** Fewer calls of a method in a minute are not worth saying that nothing is cached. */
const MIN_UNCACHED = 20;

/** Of fewer requests in a minute, a ratio says nothing. */
const MIN_REQUESTS = 100;

/** A hit ratio below this is low from the beginning, and cannot collapse. */
const MIN_USUAL_RATIO = 0.5;

/** How much a minute counts in what is usual. */
const WEIGHT = 0.2;

/** A server that went down so often within so many minutes is flapping. */
const FLAPS = 3;
const FLAPPING_MINUTES = 10;

/**
 * Says in the log what somebody on call would want to know: once a minute it looks at what is counted anyway, and writes one
 * line if something is worth saying, and nothing otherwise.
 */
export class Notices implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #watched: Watched;
  readonly #clock: Clock;
  readonly #logger: LoggerService;
  /** When each thing was last said. */
  readonly #said = new Map<string, number>();
  readonly #wentDown = new Map<string, number[]>();
  #before: Seen;
  #usualRatio: number | undefined;
  #callOff: (() => void) | undefined;

  constructor(watched: Watched, logger: LoggerService = new Logger('Memcached'), clock: Clock = BEHIND) {
    this.#watched = watched;
    this.#logger = logger;
    this.#clock = clock;
    this.#before = this.#look();
  }

  /** Looks from now on; a second call changes nothing. */
  onApplicationBootstrap(): void {
    if (this.#callOff !== undefined) return;
    this.#watched.client.on('node', this.#onNode);
    this.#before = this.#look();
    this.#wait();
  }

  /** Leaves no timer. */
  onApplicationShutdown(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#watched.client.off('node', this.#onNode);
  }

  readonly #onNode = ({ server, state }: { readonly server: string; readonly state: string }): void => {
    if (state !== 'down') return;
    const times = this.#wentDown.get(server) ?? [];
    this.#wentDown.set(server, [...times.slice(1 - FLAPS), this.#clock.now()]);
  };

  #wait(): void {
    this.#callOff = this.#clock.after(MINUTE_MS, () => {
      this.#wait();
      this.#tell();
    });
  }

  #look(): Seen {
    const { counters, uncached } = this.#watched;
    return { counters, uncached: uncached.counts };
  }

  #tell(): void {
    const now = this.#look();
    const notices = [
      ...neverCached(now, this.#before),
      ...this.#collapsed(now),
      ...this.#flapping(),
      ...overflowing(this.#watched.client.topology()),
    ];
    this.#before = now;
    const fresh = notices.filter(({ about }) => this.#markSaid(about));
    if (fresh.length > 0) this.#logger.warn(fresh.map(({ text }) => text).join(' '));
  }

  /** Marks something as said now. @returns false where it was said not long ago, so that it is not to be said again. */
  #markSaid(about: string): boolean {
    const now = this.#clock.now();
    const last = this.#said.get(about);
    if (last !== undefined && now - last < AGAIN_MS) return false;
    this.#said.set(about, now);
    return true;
  }

  #collapsed({ counters }: Seen): Notice[] {
    const before = this.#before.counters;
    const served = counters.hit - before.hit + counters.stale - before.stale;
    const requests = served + counters.miss - before.miss;
    if (requests < MIN_REQUESTS) return [];
    const ratio = served / requests;
    const usual = this.#usualRatio ?? ratio;
    const hasCollapsed = usual >= MIN_USUAL_RATIO && ratio < usual / 2;
    // What has collapsed is not what is usual, until it has been so for long.
    this.#usualRatio = usual + (ratio - usual) * (hasCollapsed ? WEIGHT / 10 : WEIGHT);
    if (!hasCollapsed) return [];
    const text =
      `The hit ratio has fallen to ${percent(ratio)} of ${requests} requests in a minute, from ${percent(usual)}: ` +
      'a server that was emptied, an invalidation of much, or keys that have changed with a release.';
    return [{ about: 'ratio', text }];
  }

  #flapping(): Notice[] {
    const since = this.#clock.now() - FLAPPING_MINUTES * MINUTE_MS;
    return [...this.#wentDown]
      .filter(([, times]) => times.length >= FLAPS && times[0] >= since)
      .map(([server]) => ({
        about: `flapping ${server}`,
        text:
          `${server} has gone down ${FLAPS} times within ${FLAPPING_MINUTES} minutes: look at its memory, its limit of ` +
          'connections and the network to it, or take it out of the list.',
      }));
  }
}

/** What is looked at: a service. */
interface Watched {
  readonly counters: CacheCounters;
  readonly uncached: { readonly counts: Readonly<Record<string, UncachedCounts>> };
  readonly client: {
    on(
      event: 'node',
      listener: (event: { readonly server: string; readonly state: string }) => void,
    ): unknown;
    off(
      event: 'node',
      listener: (event: { readonly server: string; readonly state: string }) => void,
    ): unknown;
    topology(): readonly Pick<NodeStatus, 'server' | 'owed'>[];
  };
}

/** The counts of one moment. */
interface Seen {
  readonly counters: CacheCounters;
  readonly uncached: Readonly<Record<string, UncachedCounts>>;
}

/** Something worth saying. */
interface Notice {
  readonly about: string;
  readonly text: string;
}

/** Why calls left nothing, as the log is to call it. */
const REASONS: Readonly<Record<keyof UncachedCounts, string>> = {
  key: 'their arguments make no key',
  value: 'their values cannot be stored',
  size: 'their values are too large',
  cookie: 'their answers set a cookie',
  status: 'the status of their answers is not cached',
  headers: 'headers of their answers forbid it',
};

/** Methods whose calls left nothing in the cache, many times since the last look. */
function neverCached(now: Seen, before: Seen): Notice[] {
  return Object.entries(now.uncached).flatMap(([method, counts]) =>
    (Object.keys(counts) as (keyof UncachedCounts)[]).flatMap((reason) => {
      const more = (counts[reason] ?? 0) - (before.uncached[method]?.[reason] ?? 0);
      if (more < MIN_UNCACHED) return [];
      const text = `${more} calls of ${method} in a minute left nothing in the cache, since ${REASONS[reason]}.`;
      return [{ about: `${method} ${reason}`, text }];
    }),
  );
}

/** Servers that are owed more invalidations than can be remembered. */
function overflowing(nodes: readonly Pick<NodeStatus, 'server' | 'owed'>[]): Notice[] {
  return nodes
    .filter(({ owed }) => owed === Number.POSITIVE_INFINITY)
    .map(({ server }) => ({
      about: `owed ${server}`,
      text:
        `${server} is owed more invalidations than are remembered (maxOwedDeletes): when it is back, its keys are gone ` +
        'through to find the others.',
    }));
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** Timers that keep no process from ending. */
const BEHIND: Clock = {
  now: () => systemClock.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
