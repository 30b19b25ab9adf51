import type { NodeState } from '../cluster/node.js';
import type { MemcachedError } from '../errors.js';

/** A change in a server's state, as the event `node` tells it. */
export interface NodeEvent {
  /** The server, `host:port`. */
  readonly server: string;
  readonly state: NodeState;
  readonly previous: NodeState;
  /** Why; absent for `up`. */
  readonly error?: MemcachedError;
}

/** A change of the list of servers, as the event `servers` tells it. */
export interface ServersEvent {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The client's events; none of them needs a listener. */
export interface ClientEvents {
  /** A server's state has changed. */
  node: [NodeEvent];
  /** The list of servers has changed. */
  servers: [ServersEvent];
  /** The list of servers could not be asked for; the last one stays. */
  discoveryFailed: [Error];
}
