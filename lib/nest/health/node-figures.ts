import { figureOf, type ServerFigures, serverFigures } from '../server-figures.js';

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
  readonly figures: ServerFigures;
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
  /** Whether items have cas tokens; undefined where that was not asked, or not told. */
  readonly hasCas: boolean | undefined;
  readonly faults: Readonly<Partial<Record<FaultCounter, number>>>;
}

/**
 * Whether an answer to `stats` is that of a memcached about itself. Routers answer with figures of their own under the same
 * names, and some servers with next to nothing: no judgement can be built upon these.
 */
export function isMemcachedsOwn(stats: Readonly<Record<string, unknown>>): boolean {
  return ['pid', 'uptime', 'time', 'curr_items', 'limit_maxbytes'].every((name) => {
    const value = figureOf(stats, name);
    return value !== undefined && value >= 0;
  });
}

/**
 * Reads an answer to `stats`.
 *
 * @param hasCas whether its settings say that items have cas tokens.
 * @param askedMs our clock when the server was asked.
 * @param answeredMs our clock when it had answered.
 * @see memcached doc/protocol.txt, "General-purpose statistics"
 */
export function readSample(
  stats: Readonly<Record<string, unknown>>,
  hasCas: boolean | undefined,
  askedMs: number,
  answeredMs: number,
): NodeSample {
  const count = (name: string): number | undefined => figureOf(stats, name);
  const time = count('time');
  const accepting = count('accepting_conns');
  const faults: Partial<Record<FaultCounter, number>> = {};
  for (const name of FAULT_COUNTERS) {
    const value = count(name);
    if (value !== undefined) faults[name] = value;
  }
  return {
    figures: serverFigures(stats),
    processId: count('pid'),
    accepting: accepting === undefined ? undefined : accepting > 0,
    reservedConnections: count('reserved_fds') ?? 0,
    clockMs: time === undefined ? undefined : time * 1000,
    askedMs,
    answeredMs,
    hasCas,
    faults,
  };
}
