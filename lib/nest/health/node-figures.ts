import type { ServerRun } from '../../client/server-runs.js';
import { figuresOf, type ServerFigures, serverFigures } from '../server-figures.js';

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
  readonly run: ServerRun;
  /** Whether the server takes new connections; undefined where it does not say. */
  readonly accepting: boolean | undefined;
  /** Connections that memcached keeps for itself out of its limit. */
  readonly reservedConnections: number;
  /** The server's clock, in milliseconds since 1970. */
  readonly clockMs: number | undefined;
  /** Our own clock when the server was asked, and when it had answered. */
  readonly askedMs: number;
  readonly answeredMs: number;
  /** Whether items have cas tokens. */
  readonly hasCas: boolean;
  readonly faults: Readonly<Partial<Record<FaultCounter, number>>>;
}

/** What every memcached tells about itself. */
const ALWAYS_TOLD = ['pid', 'uptime', 'time', 'curr_items', 'limit_maxbytes'] as const;

/** What is judged, beside what is shown. */
const JUDGED = ['pid', 'time', 'uptime', 'accepting_conns', 'reserved_fds', ...FAULT_COUNTERS] as const;

/**
 * Whether an answer to `stats` is that of a memcached about itself. Routers answer with figures of their own under the same
 * names, and some servers with next to nothing: no judgement can be built upon these.
 */
export function isMemcachedsOwn(stats: Readonly<Record<string, unknown>>): boolean {
  const figures = figuresOf(stats, ALWAYS_TOLD);
  return ALWAYS_TOLD.every((name) => (figures[name] ?? -1) >= 0);
}

/**
 * Reads an answer to `stats`.
 *
 * @param hasCas whether its items have cas tokens, as its connection knows.
 * @param askedMs our clock when the server was asked.
 * @param answeredMs our clock when it had answered.
 * @see memcached doc/protocol.txt, "General-purpose statistics"
 */
export function readSample(
  stats: Readonly<Record<string, unknown>>,
  hasCas: boolean,
  askedMs: number,
  answeredMs: number,
): NodeSample {
  const {
    pid,
    time,
    uptime,
    accepting_conns: accepting,
    reserved_fds: reserved = 0,
    ...faults
  } = figuresOf(stats, JUDGED);
  return {
    figures: serverFigures(stats),
    run: { pid, time, uptime },
    accepting: accepting === undefined ? undefined : accepting > 0,
    reservedConnections: reserved,
    clockMs: time === undefined ? undefined : time * 1000,
    askedMs,
    answeredMs,
    hasCas,
    faults,
  };
}
