import type { CacheCounters } from '../cache/cache-events.js';
import { ratesBetween, type ServerRates } from '../client/server-rates.js';
import type { GeneralStats } from '../client/stats.js';
import { UnsupportedError } from '../errors.js';
import type { MemcachedService } from '../nest/memcached.service.js';
import { serverFigures, type ServerFigures } from '../nest/server-figures.js';
import { performance } from '../timers.js';
import { unixMs } from '../unix-time.js';
import { type CommandLatency, type KeyGroup, KeyGroupsWatch } from './key-groups-watch.js';

/** Over how long the traffic is taken by which servers are compared. */
const TRAFFIC_MS = 60_000;

/** Longest wait for the answer of a server. */
const TIMEOUT_MS = 1000;

/** Looks at one module instance again and again: at its servers, and at what its cache has done in this process. */
export class InstanceWatch {
  readonly name: string;
  readonly memcached: MemcachedService;
  readonly #groups: KeyGroupsWatch;
  readonly #historyMs: number;
  readonly #points: Point[] = [];
  /** By server. */
  readonly #before = new Map<string, Seen>();
  /** By server: what it counted last, and all that it was seen to count. */
  readonly #commands = new Map<string, { readonly count: number; readonly total: number }>();
  #traffic: { readonly at: number; readonly byServer: ReadonlyMap<string, number> }[] = [];
  #counters: { readonly at: number; readonly counts: CacheCounters } | undefined;
  #latest: Look | undefined;

  constructor(name: string, memcached: MemcachedService, historyMs: number) {
    this.name = name;
    this.memcached = memcached;
    this.#historyMs = historyMs;
    this.#groups = new KeyGroupsWatch(memcached.client.instance);
  }

  /** What was seen so far, oldest first. */
  get history(): readonly Point[] {
    return this.#points;
  }

  /** The last look, if there was one. */
  get latest(): Look | undefined {
    return this.#latest;
  }

  /** Counts groups of keys while somebody watches. */
  watched(isWatched: boolean): void {
    if (isWatched) this.#groups.start();
    else this.#groups.stop();
  }

  /** Looks once. */
  async look(): Promise<Look> {
    const answers = await this.memcached.stats('general', { timeout: TIMEOUT_MS });
    const now = performance.now();
    const nodes = this.memcached.topology();
    const weights = nodes.reduce((sum, { weight }) => sum + weight, 0);
    const items = [...answers.values()].reduce((sum, stats) => sum + stats.curr_items, 0);
    const traffic = this.#trafficShares(answers, now);
    const servers = nodes.map((node): ServerLook => {
      const { server, weight, state, since, owed, dialect, latency } = node;
      const stats = answers.get(server);
      const error = answers.failures.find((failure) => failure.server === server)?.error;
      return {
        server,
        weight,
        state,
        since: since.getTime(),
        owed: owed === Number.POSITIVE_INFINITY ? 'all' : owed,
        dialect,
        latency,
        // A proxy is there, though it tells nothing of itself.
        ...(error instanceof UnsupportedError ? { note: error.message } : { problem: error?.message }),
        weightShare: weights === 0 ? 0 : weight / weights,
        itemShare: stats === undefined || items === 0 ? undefined : stats.curr_items / items,
        trafficShare: traffic.get(server),
        ...(stats === undefined ? {} : { ...serverFigures(stats), rates: this.#rates(server, stats, now) }),
      };
    });
    for (const known of [this.#before, this.#commands])
      for (const server of known.keys())
        if (!servers.some((each) => each.server === server)) known.delete(server);
    const look: Look = {
      instance: this.name,
      at: unixMs(),
      servers,
      cache: this.#cache(now),
      latency: this.#groups.takeLatency(),
      groups: this.#groups.groups,
      loading: this.#groups.loading,
    };
    this.#latest = look;
    this.#remember(look);
    return look;
  }

  #rates(server: string, stats: GeneralStats, now: number): ServerRates | undefined {
    const before = this.#before.get(server);
    this.#before.set(server, { stats, at: now });
    return before && ratesBetween(before.stats, stats, now - before.at);
  }

  /** What the cache of this process has done since the last look, by the second. */
  #cache(now: number): CacheLook {
    const counts = this.memcached.counters;
    const last = this.#counters;
    this.#counters = { at: now, counts };
    const underWay = Math.max(0, counts.load - counts.loadEnd);
    const { leases } = this.memcached;
    if (last === undefined || now <= last.at) return { counts, underWay, leases };
    const perSecond = (what: keyof CacheCounters): number =>
      ((counts[what] - last.counts[what]) * 1000) / (now - last.at);
    const saved = perSecond('hit') + perSecond('stale') + perSecond('shared');
    const reads = perSecond('hit') + perSecond('stale') + perSecond('miss');
    return {
      counts,
      underWay,
      leases,
      savedPerSecond: saved,
      loadsPerSecond: perSecond('load'),
      hitRatio: reads === 0 ? undefined : (reads - perSecond('miss')) / reads,
    };
  }

  /** Each server's share of the reads and writes of the last minute. */
  #trafficShares(
    answers: ReadonlyMap<string, GeneralStats>,
    now: number,
  ): ReadonlyMap<string, number | undefined> {
    const byServer = new Map(
      Array.from(answers, ([server, stats]) => [server, this.#commandsOf(server, stats)]),
    );
    this.#traffic.push({ at: now, byServer });
    this.#traffic = this.#traffic.filter(
      ({ at }, index) => now - at <= TRAFFIC_MS || index === this.#traffic.length - 1,
    );
    const grown = new Map(
      Array.from(byServer, ([server, count]) => {
        const oldest = this.#traffic.find((look) => look.byServer.has(server))!;
        return [server, count - oldest.byServer.get(server)!];
      }),
    );
    const all = [...grown.values()].reduce((sum, count) => sum + count, 0);
    return new Map(Array.from(grown, ([server, count]) => [server, all === 0 ? undefined : count / all]));
  }

  /** Reads and writes of all its runs that were seen. What it counts may begin at 0 again; its clock is not asked, which may be set. */
  #commandsOf(server: string, { cmd_get, cmd_set }: GeneralStats): number {
    const count = cmd_get + cmd_set;
    const before = this.#commands.get(server) ?? { count, total: 0 };
    const total = before.total + (count < before.count ? count : count - before.count);
    this.#commands.set(server, { count, total });
    return total;
  }

  #remember({ at, servers, cache, latency }: Look): void {
    if (this.#historyMs === 0) return;
    this.#points.push({
      at,
      hitRatio: cache.hitRatio,
      savedPerSecond: cache.savedPerSecond,
      loadsPerSecond: cache.loadsPerSecond,
      p50: latency?.p50,
      p99: latency?.p99,
      servers: Object.fromEntries(
        servers.map(({ server, memoryBytes, rates, connections }) => [
          server,
          [memoryBytes ?? null, rates?.evictionsPerSecond ?? null, connections ?? null],
        ]),
      ),
    });
    const kept = this.#points.findIndex((point) => at - point.at <= this.#historyMs);
    this.#points.splice(0, kept);
  }
}

/** What one look found. */
export interface Look {
  readonly instance: string;
  /** Unix time, in milliseconds. */
  readonly at: number;
  readonly servers: readonly ServerLook[];
  readonly cache: CacheLook;
  /** Of commands since the last look; absent where nobody has watched since, or there was none. */
  readonly latency?: CommandLatency;
  /** Since somebody watches. */
  readonly groups: readonly KeyGroup[];
  /** How many loads are under way, by group. */
  readonly loading: Readonly<Record<string, number>>;
}

/** One server; shares are from 0 to 1, and what it did not tell is absent. */
export interface ServerLook extends ServerFigures {
  readonly server: string;
  readonly weight: number;
  readonly state: string;
  /** When the state last changed: Unix time, in milliseconds. */
  readonly since: number;
  /** Invalidations it is owed; `all` where they are more than are remembered. */
  readonly owed: number | 'all';
  readonly dialect?: string;
  /** Of this process's own requests, since it started, in milliseconds. */
  readonly latency?: { readonly count: number; readonly p50: number; readonly p99: number };
  /** Why it does not answer. */
  readonly problem?: string;
  /** Why it tells nothing of itself, though it answers, as proxies do. */
  readonly note?: string;
  readonly weightShare: number;
  readonly itemShare?: number;
  /** Of the reads and writes of the last minute, whoever made them. */
  readonly trafficShare?: number;
  readonly rates?: ServerRates;
}

/** What the cache of this process has done. */
export interface CacheLook {
  /** Since it started. */
  readonly counts: CacheCounters;
  /** Loads that are under way. */
  readonly underWay: number;
  /** Leases that this process holds for them: none for those that wait for nobody, or whose key was invalidated meanwhile. */
  readonly leases: number;
  /** Answers without a load of their own, since the last look. */
  readonly savedPerSecond?: number;
  readonly loadsPerSecond?: number;
  /** Of the reads since the last look. */
  readonly hitRatio?: number;
}

/** What is kept of a look for the curves. */
export interface Point {
  readonly at: number;
  readonly hitRatio?: number;
  readonly savedPerSecond?: number;
  readonly loadsPerSecond?: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Memory in bytes, evictions a second and connections of each server; `null` where it did not answer. */
  readonly servers: Readonly<Record<string, readonly [number | null, number | null, number | null]>>;
}

/** What a server said at the last look. */
interface Seen {
  readonly stats: GeneralStats;
  readonly at: number;
}
