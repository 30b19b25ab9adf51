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

/** Reads a figure of `stats`; `undefined` where the server does not tell it, or tells something else. */
export function figureOf(stats: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = Number(stats[name] ?? NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** Reads what both reports and health checks show of an answer to `stats`. */
export function serverFigures(stats: Readonly<Record<string, unknown>>): ServerFigures {
  const figure = (name: string): number | undefined => figureOf(stats, name);
  return present({
    version: stats.version as string | undefined,
    threads: figure('threads'),
    uptimeSeconds: figure('uptime'),
    connections: figure('curr_connections'),
    maxConnections: figure('max_connections'),
    items: figure('curr_items'),
    memoryBytes: figure('bytes'),
    maxMemoryBytes: figure('limit_maxbytes'),
    hitRatio: hitRatio(figure('get_hits'), figure('get_misses')),
    evictions: figure('evictions'),
  });
}

/** Hits among all reads, from 0 to 1; `undefined` where there were none. */
export function hitRatio(hits: number | undefined, misses: number | undefined): number | undefined {
  if (hits === undefined || misses === undefined || hits + misses <= 0) return undefined;
  return hits / (hits + misses);
}

/** Without the names whose values are not known, so that they do not turn up in an answer. */
export function present<T extends object>(figures: T): T {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as T;
}
