import type { Cluster } from '../cluster/cluster.js';
import type { Node, NodeState } from '../cluster/node.js';
import type { Latency } from '../cluster/round-trips.js';
import { InvalidArgumentError, MemcachedError } from '../errors.js';
import { toMilliseconds, type Duration } from '../options/duration.js';
import { toExptime } from '../protocol/exptime.js';
import { Request, type ReplyReader } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import type { CommandOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { checkOptions, type Command } from './known-options.js';
import { ManyResult } from './many-result.js';
import { readDone, readLine } from './readers.js';
import { STATS_GROUPS, typedStats, type StatsByGroup, type StatsGroup } from './stats.js';
import { unixMs } from '../unix-time.js';

/** The commands that deal with servers rather than keys. */
export class ServerCommands {
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;

  constructor(cluster: Cluster, dispatcher: Dispatcher) {
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
  }

  topology(): readonly NodeStatus[] {
    const { nodes, weights } = this.#cluster;
    return nodes.map((node, index) => ({
      server: node.server.id,
      weight: weights[index],
      state: node.state,
      since: node.since,
      owed: node.owed,
      hasCas: node.hasCas,
      ...(node.dialect === undefined ? {} : { dialect: node.dialect }),
      ...(node.lastError === undefined ? {} : { lastError: node.lastError }),
      ...(node.latency === undefined ? {} : { latency: node.latency }),
    }));
  }

  async stats<Group extends StatsGroup>(
    group: Group,
    options: CommandOptions | undefined,
  ): Promise<ManyResult<StatsByGroup[Group]>> {
    if (!STATS_GROUPS.includes(group)) {
      throw new InvalidArgumentError(
        `stats: '${group as string}' is no group; there are ${STATS_GROUPS.join(', ')}`,
      );
    }
    const line = group === 'general' ? 'stats' : `stats ${group}`;
    return this.#onEveryNode('stats', line, readStats, options, (texts) =>
      typedStats(group, texts as ReadonlyMap<string, string>),
    );
  }

  version(options: CommandOptions | undefined): Promise<ManyResult<string>> {
    return this.#onEveryNode('version', 'version', readLine, options, (line) =>
      (line as string).slice('VERSION '.length),
    );
  }

  async flushAll(options: (CommandOptions & { delay?: Duration }) | undefined): Promise<ManyResult<boolean>> {
    if (options !== undefined) checkOptions('flush_all', options);
    const delay = options?.delay;
    const seconds = delay === undefined ? 0 : Math.ceil(toMilliseconds(delay, 'delay') / 1000);
    const line = seconds === 0 ? 'flush_all' : `flush_all ${toExptime(seconds, unixMs() / 1000)}`;
    return this.#onEveryNode('flush_all', line, readDone, options, (done) => done as boolean);
  }

  async #onEveryNode<Value>(
    command: Command,
    line: string,
    read: ReplyReader,
    options: CommandOptions | undefined,
    shape: (answer: unknown) => Value,
  ): Promise<ManyResult<Value>> {
    const limits = await this.#dispatcher.ready(command, options);
    const send = this.#dispatcher.within(limits);
    const result = new ManyResult<Value>();
    const ask = async (node: Node): Promise<void> => {
      const server = node.server.id;
      try {
        const answer = await send(new Request('line', line, read), node);
        result.set(server, shape(answer));
      } catch (error) {
        if (!(error instanceof MemcachedError)) throw error;
        result.failures.push({ server, keys: [], error });
      }
    };
    await Promise.all(this.#cluster.nodes.map(ask));
    return result;
  }
}

/** One server as the client sees it now. */
export interface NodeStatus {
  /** The server, `host:port`. */
  readonly server: string;
  /** Its share of the keys against the other servers' weights, as the distribution counts it: alike where that ignores weights. */
  readonly weight: number;
  readonly state: NodeState;
  /** When the state last changed. */
  readonly since: Date;
  readonly lastError?: MemcachedError;
  /** Invalidations it is owed, to be sent before it is read from again; `Infinity` for all it holds. */
  readonly owed: number;
  /** Whether its items have cas tokens; without them (memcached's `-C`) nothing can be tied to what was read. */
  readonly hasCas: boolean;
  /** The dialect that was agreed on with it; absent before the first connection. */
  readonly dialect?: 'meta' | 'classic';
  /** How long our own requests took; absent before the first reply. */
  readonly latency?: Latency;
}
