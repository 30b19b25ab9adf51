import type { Request } from '../protocol/request.js';
import { performance } from '../timers.js';
import type { Placement } from './distribution/placement.js';
import type { Node } from './node.js';
import type { OwedInvalidations } from './owed-invalidations.js';

/** Most earlier lists that are remembered, and for how long: servers with passing addresses come and go for ever. */
const MAX_LISTS = 8;
const REMEMBERED_MS = 60 * 60 * 1000;

/**
 * Servers that were taken out of the list and may come back, with all they hold. What is invalidated meanwhile under keys
 * that were theirs is owed to them as well.
 */
export class DepartedServers {
  readonly #owedTo: (server: string) => OwedInvalidations;
  #lists: EarlierList[] = [];

  /** @param owedTo what a server is owed, by its id. */
  constructor(owedTo: (server: string) => OwedInvalidations) {
    this.#owedTo = owedTo;
  }

  /** The list changes. */
  change(placement: Placement, before: readonly Node[], after: readonly Node[]): void {
    const present = new Set(after.map(({ server }) => server.id));
    const servers = before.map(({ server }) => server.id);
    const gone = new Set(servers.filter((id) => !present.has(id)));
    for (const list of this.#lists) for (const id of present) list.away.delete(id);
    this.#lists.push({ placement, servers, away: gone, since: performance.now() });
    const oldest = performance.now() - REMEMBERED_MS;
    this.#lists = this.#lists.filter(({ away, since }) => away.size > 0 && since > oldest).slice(-MAX_LISTS);
  }

  /** Whether a server is one of those that may come back. */
  has(id: string): boolean {
    return this.#lists.some(({ away }) => away.has(id));
  }

  /** Remembers an invalidation for those whose key it was. */
  owe(request: Request): void {
    for (const { placement, servers, away } of this.#lists) {
      const id = servers[placement.indexFor(request.routingKey)];
      if (away.has(id)) this.#owedTo(id).add(request);
    }
  }
}

/** An earlier list of servers, and which of them are not in the present one. */
interface EarlierList {
  readonly placement: Placement;
  readonly servers: readonly string[];
  readonly away: Set<string>;
  readonly since: number;
}
