/** What a server says about itself in `stats`, as far as health is concerned; absent where it does not say. */
export interface NodeFigures {
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

/** Counters whose increase means that something was refused or lost. */
export const FAULT_COUNTERS = [
  'listen_disabled_num',
  'rejected_connections',
  'read_buf_oom',
  'response_obj_oom',
  'store_no_memory',
  'auth_errors',
] as const;

export type FaultCounter = (typeof FAULT_COUNTERS)[number];

/** One answer to `stats`, read. */
export interface NodeSample {
  readonly figures: NodeFigures;
  readonly processId: number | undefined;
  /** Whether the server takes new connections; undefined where it does not say. */
  readonly accepting: boolean | undefined;
  /** Connections that memcached keeps for itself out of its limit. */
  readonly reservedConnections: number;
  /** The server's clock, in milliseconds since 1970. */
  readonly clockMs: number | undefined;
  /** Our own clock when the server was asked, and when it had answered. */
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly faults: Readonly<Partial<Record<FaultCounter, number>>>;
}

/**
 * Reads an answer to `stats`.
 *
 * @param askedMs our clock when the server was asked.
 * @param answeredMs our clock when it had answered.
 * @see memcached doc/protocol.txt, "General-purpose statistics"
 */
export function readSample(
  stats: Readonly<Record<string, unknown>>,
  askedMs: number,
  answeredMs: number,
): NodeSample {
  const count = (name: string): number | undefined => {
    const value = Number(stats[name] ?? NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const time = count('time');
  const accepting = count('accepting_conns');
  const faults: Partial<Record<FaultCounter, number>> = {};
  for (const name of FAULT_COUNTERS) {
    const value = count(name);
    if (value !== undefined) faults[name] = value;
  }
  return {
    figures: present({
      version: stats.version as string | undefined,
      threads: count('threads'),
      uptimeSeconds: count('uptime'),
      connections: count('curr_connections'),
      maxConnections: count('max_connections'),
      items: count('curr_items'),
      memoryBytes: count('bytes'),
      maxMemoryBytes: count('limit_maxbytes'),
      hitRatio: ratio(count('get_hits'), count('get_misses')),
      evictions: count('evictions'),
    }),
    processId: count('pid'),
    accepting: accepting === undefined ? undefined : accepting > 0,
    reservedConnections: count('reserved_fds') ?? 0,
    clockMs: time === undefined ? undefined : time * 1000,
    askedMs,
    answeredMs,
    faults,
  };
}

function ratio(hits: number | undefined, misses: number | undefined): number | undefined {
  if (hits === undefined || misses === undefined || hits + misses === 0) return undefined;
  return hits / (hits + misses);
}

/** Without the names whose values are not known, so that they do not turn up in the answer. */
function present(figures: Record<keyof NodeFigures, number | string | undefined>): NodeFigures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
