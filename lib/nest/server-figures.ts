import { hitRatio } from '../client/server-rates.js';

/** What a server says about itself in `stats`, under names that say what they are; absent where it does not say. */
export interface ServerFigures {
  readonly version?: string;
  readonly threads?: number;
  /** How long the server has been running. */
  readonly uptimeSeconds?: number;
  readonly connections?: number;
  readonly maxConnections?: number;
  /** Items stored now. */
  readonly items?: number;
  readonly memoryBytes?: number;
  readonly maxMemoryBytes?: number;
  /** Hits among all reads since the server started, from 0 to 1; absent before the first read. */
  readonly hitRatio?: number;
  /** Items dropped since the server started, before their ttl, to make room. */
  readonly evictions?: number;
}

/** Reads figures of `stats`; absent is what the server does not tell, or where it tells something else. */
export function figuresOf<Name extends string>(
  stats: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Partial<Record<Name, number>> {
  const figures: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const value = Number(stats[name] ?? NaN);
    if (Number.isFinite(value)) figures[name] = value;
  }
  return figures;
}

const SHOWN = [
  'threads',
  'uptime',
  'curr_connections',
  'max_connections',
  'curr_items',
  'bytes',
  'limit_maxbytes',
  'get_hits',
  'get_misses',
  'evictions',
] as const;

/** Reads what both reports and health checks show of an answer to `stats`. */
export function serverFigures(stats: Readonly<Record<string, unknown>>): ServerFigures {
  const figures = figuresOf(stats, SHOWN);
  return present({
    version: stats.version as string | undefined,
    threads: figures.threads,
    uptimeSeconds: figures.uptime,
    connections: figures.curr_connections,
    maxConnections: figures.max_connections,
    items: figures.curr_items,
    memoryBytes: figures.bytes,
    maxMemoryBytes: figures.limit_maxbytes,
    hitRatio: hitRatio(figures.get_hits, figures.get_misses),
    evictions: figures.evictions,
  });
}

/** Without the names whose values are not known, so that they do not turn up in an answer. */
export function present<T extends object>(figures: T): T {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as T;
}
