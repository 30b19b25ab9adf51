import type { UncachedCalls, UncachedCounts } from './instance/uncached-calls.js';
import type { CacheEngine } from '../cache/cache-engine.js';
import type { CacheCounters } from '../cache/cache-events.js';
import type { MemcachedClient } from '../client/client.js';
import type { CommandOptions } from '../client/command-options.js';
import type { NodeStatus } from '../client/server-commands.js';
import type { ManyResult } from '../client/many-result.js';
import { InvalidArgumentError } from '../errors.js';
import { checkObject } from '../options/schema.js';
import { growth, hitRatio } from '../client/server-rates.js';
import { isAnotherRun } from '../client/server-runs.js';
import type { GeneralStats } from '../client/stats.js';
import { present, type ServerFigures, serverFigures } from './server-figures.js';

/** What is known of the cluster: its servers, what they come to together, and what this process's cache has done. */
export interface ClusterReport {
  readonly servers: readonly ServerReport[];
  /** Sums and ratios over the servers that answered. */
  readonly total: {
    readonly connections: number;
    readonly items: number;
    readonly memoryBytes: number;
    readonly maxMemoryBytes: number;
    readonly evictions: number;
    readonly hitRatio?: number;
    readonly recentHitRatio?: number;
  };
  /** How often each thing has happened in this process's cache since it started. */
  readonly cache: CacheCounters;
  /** What this process's near cache keeps, and how it does; absent without one. */
  readonly near?: NonNullable<CacheEngine['near']>;
  /** How often calls of decorated methods left nothing in the cache, by class, method and decorator, and by reason. */
  readonly uncached: Readonly<Record<string, UncachedCounts>>;
}

/** What is known of one server; what only the server can tell is absent when it does not answer. */
export interface ServerReport extends NodeStatus, ServerFigures {
  /** Its share of the weights, from 0 to 1: the share of the keys it should have. */
  readonly weightShare: number;
  /** Its share of the items that answering servers hold, from 0 to 1. */
  readonly itemShare?: number;
  /** Why it does not answer. */
  readonly problem?: string;
  /** The same since the report given as `since`; absent without one, without a read, or after a restart. */
  readonly recentHitRatio?: number;
}

/** Answers of an earlier report, by server. */
type LastAnswers = ReadonlyMap<string, GeneralStats>;

const NO_ANSWERS: LastAnswers = new Map();

/** Reports on a cluster, each of which can tell what has been read since an earlier one. */
export class ClusterReports {
  readonly #client: Pick<MemcachedClient, 'stats' | 'topology'>;
  readonly #cache: Pick<CacheEngine, 'counters' | 'near'>;
  readonly #uncached: UncachedCalls;
  readonly #answersOf = new WeakMap<ClusterReport, LastAnswers>();

  constructor(
    client: Pick<MemcachedClient, 'stats' | 'topology'>,
    cache: Pick<CacheEngine, 'counters' | 'near'>,
    uncached: UncachedCalls,
  ) {
    this.#client = client;
    this.#cache = cache;
    this.#uncached = uncached;
  }

  /** @throws {InvalidArgumentError} where `since` is no earlier report of these. */
  async next(options: CommandOptions & { since?: ClusterReport }): Promise<ClusterReport> {
    checkObject(options, 'report', "{ timeout: '1s' }");
    const { since, ...command } = options;
    const before = since === undefined ? NO_ANSWERS : this.#answersOf.get(since);
    if (before === undefined) {
      throw new InvalidArgumentError('report: since: expected an earlier report of this service, not a copy');
    }
    const answers = await this.#client.stats('general', command);
    const report = reportOn(this.#client.topology(), answers, before, this.#cache, this.#uncached.counts);
    this.#answersOf.set(report, answers);
    return report;
  }
}

/** Puts together what the client knows, what the servers answered, and what they had answered to an earlier report. */
function reportOn(
  nodes: readonly NodeStatus[],
  answers: ManyResult<GeneralStats>,
  last: LastAnswers,
  { counters: cache, near }: Pick<CacheEngine, 'counters' | 'near'>,
  uncached: ClusterReport['uncached'],
): ClusterReport {
  const weights = nodes.reduce((sum, { weight }) => sum + weight, 0);
  const sum = (name: string): number => {
    let total = 0;
    for (const stats of answers.values()) total += Number(stats[name] ?? 0);
    return total;
  };
  const items = sum('curr_items');
  const sinceLast = [...answers].map(([server, stats]) => readsSince(stats, last.get(server)));
  return {
    servers: nodes.map((node) => {
      const stats = answers.get(node.server);
      const problem = answers.failures.find(({ server }) => server === node.server)?.error.message;
      return present({
        ...node,
        weightShare: weights === 0 ? 0 : node.weight / weights,
        problem,
        ...(stats === undefined ? {} : figures(stats, last.get(node.server), items)),
      });
    }),
    total: present({
      connections: sum('curr_connections'),
      items,
      memoryBytes: sum('bytes'),
      maxMemoryBytes: sum('limit_maxbytes'),
      evictions: sum('evictions'),
      hitRatio: ratio({ hits: sum('get_hits'), misses: sum('get_misses') }),
      recentHitRatio: ratio({
        hits: sinceLast.reduce((total, reads) => total + reads.hits, 0),
        misses: sinceLast.reduce((total, reads) => total + reads.misses, 0),
      }),
    }),
    cache,
    ...(near === undefined ? {} : { near }),
    uncached,
  };
}

function figures(
  stats: GeneralStats,
  last: GeneralStats | undefined,
  allItems: number,
): Partial<ServerReport> {
  return {
    ...serverFigures(stats),
    itemShare: allItems === 0 ? undefined : stats.curr_items / allItems,
    recentHitRatio: ratio(readsSince(stats, last)),
  };
}

interface Reads {
  readonly hits: number;
  readonly misses: number;
}

/** What a server has served between two answers; nothing when it has been restarted between them. */
function readsSince(stats: GeneralStats, last: GeneralStats | undefined): Reads {
  if (last === undefined || isAnotherRun(last, stats)) return { hits: 0, misses: 0 };
  return { hits: growth(last, stats, 'get_hits'), misses: growth(last, stats, 'get_misses') };
}

function ratio({ hits, misses }: Reads): number | undefined {
  return hitRatio(hits, misses);
}
