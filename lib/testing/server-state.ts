import { type Counters, newCounters } from './counters.js';
import { ItemStore } from './item-store.js';

/** What all connections of a server share. */
export interface ServerState {
  readonly settings: ServerSettings;
  readonly store: ItemStore;
  readonly counters: Counters;
  readonly startedAt: number;
  /** Made up: one process may hold many servers, and clients tell a server's lives apart by it. */
  readonly pid: number;
  readonly connections: ReadonlySet<ConnectionInfo>;
  /** `host:port` the server listens on. */
  readonly address: string;
  /** Whether `stats sizes` was switched on. */
  sizesEnabled: boolean;
  verbosity: number;
}

/** Name and value of each line of a `stats` answer. */
export type Stats = Iterable<readonly [name: string, value: string | number]>;

/** What a client must send to be let in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What one server was started with. */
export interface ServerSettings {
  readonly version: string;
  readonly host: string;
  readonly maxItemBytes: number;
  readonly memoryLimitBytes: number;
  readonly maxConnections: number;
  readonly auth: Credentials | undefined;
  readonly tls: boolean;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** What `stats conns` tells of a connection. */
export interface ConnectionInfo {
  readonly id: number;
  readonly remoteAddress: string;
  readonly lastCommandAt: number;
}

/**
 * Makes the state of a server that is empty and has just started.
 *
 * @param connections filled by whoever accepts them.
 */
export function newServerState(
  settings: ServerSettings,
  address: string,
  connections: ReadonlySet<ConnectionInfo>,
): ServerState {
  const counters = newCounters();
  return {
    settings,
    store: new ItemStore({ ...settings, counters }),
    counters,
    startedAt: settings.now(),
    pid: 1 + Math.floor(Math.random() * 2 ** 31),
    connections,
    address,
    sizesEnabled: false,
    verbosity: 0,
  };
}
