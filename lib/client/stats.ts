/** One figure: a number where memcached writes one, its text otherwise. */
export type StatValue = number | string;

/** Figures under memcached's own names. */
export type Figures = Readonly<Record<string, StatValue>>;

/** The general statistics of one server; counters since its start unless said otherwise. */
export interface GeneralStats extends Figures {
  readonly pid: number;
  /** Seconds since the server started. */
  readonly uptime: number;
  /** The server's clock, a Unix time in seconds. */
  readonly time: number;
  readonly version: string;
  readonly curr_connections: number;
  readonly max_connections: number;
  readonly total_connections: number;
  readonly rejected_connections: number;
  readonly listen_disabled_num: number;
  readonly accepting_conns: number;
  readonly cmd_get: number;
  readonly cmd_set: number;
  readonly get_hits: number;
  readonly get_misses: number;
  readonly auth_errors: number;
  readonly store_no_memory: number;
  readonly read_buf_oom: number;
  readonly response_obj_oom: number;
  /** Bytes of stored items, their headers included. */
  readonly bytes: number;
  /** Most bytes the server takes for items (`-m`). */
  readonly limit_maxbytes: number;
  readonly curr_items: number;
  readonly evictions: number;
  readonly threads: number;
}

/** The settings a server runs with. */
export interface SettingsStats extends Figures {
  readonly maxconns: number;
  /** Largest item, header and key included, in bytes (`-I`). */
  readonly item_size_max: number;
  /** `yes` or `no`. */
  readonly flush_enabled: string;
}

/** Figures of each slab class, connection or size, under its number. */
export type FiguresByNumber = Readonly<Record<string, Figures>>;

/** What each group of statistics answers, by the group's name in memcached. */
export interface StatsByGroup {
  general: GeneralStats;
  settings: SettingsStats;
  /** By slab class. */
  items: FiguresByNumber;
  /** By slab class; the figures for all of them under `total`. */
  slabs: FiguresByNumber;
  /** By file descriptor. */
  conns: FiguresByNumber;
  /** Number of items by size in bytes; `sizes_status` when the server does not count them. */
  sizes: Figures;
}

/** A group of statistics. */
export type StatsGroup = keyof StatsByGroup;

/** Whether a group has figures of each of something, under its number. */
export function isGrouped(group: StatsGroup): boolean {
  return group === 'items' || group === 'slabs' || group === 'conns';
}

/** Every group a server can be asked for. */
export const STATS_GROUPS: readonly StatsGroup[] = [
  'general',
  'settings',
  'items',
  'slabs',
  'conns',
  'sizes',
];

/**
 * Gives the texts of a server's answer their types.
 *
 * @see memcached doc/protocol.txt, "Statistics"
 */
export function typedStats<Group extends StatsGroup>(
  group: Group,
  texts: ReadonlyMap<string, string>,
): StatsByGroup[Group] {
  const figures = Array.from(texts, ([name, text]) => [name, figure(name, text)] as const);
  const typed = isGrouped(group) ? byNumber(figures) : Object.fromEntries(figures);
  return typed as StatsByGroup[Group];
}

function figure(name: string, text: string): StatValue {
  return name !== 'version' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** `items:1:number` and `1:chunk_size` both belong to 1; what belongs to no number is a total. */
function byNumber(figures: Iterable<readonly [string, StatValue]>): FiguresByNumber {
  const result: Record<string, Record<string, StatValue>> = {};
  for (const [name, value] of figures) {
    const [, number = 'total', rest = name] = /^(?:items:)?(\d+):(.+)$/.exec(name) ?? [];
    (result[number] ??= {})[rest] = value;
  }
  return result;
}
