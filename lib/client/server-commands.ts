import type { Cluster } from '../cluster/cluster.js';
import { dumpKeys } from '../cluster/key-dump.js';
import type { Node, NodeState } from '../cluster/node.js';
import { proxyError } from '../cluster/proxy-signs.js';
import type { Latency } from '../cluster/round-trips.js';
import { ConnectionError, InvalidArgumentError, MemcachedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import { toMilliseconds, type Duration } from '../options/duration.js';
import { toExptime } from '../protocol/exptime.js';
import { Request, type ReplyReader } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import type { CommandOptions, KeysOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { ManyResult } from './many-result.js';
import { readDone, readLine } from './readers.js';
import { STATS_GROUPS, typedStats, type StatsByGroup, type StatsGroup } from './stats.js';
import { unixMs } from '../unix-time.js';

/** The commands that deal with servers rather than keys. */
export class ServerCommands {
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;
  readonly #options: ResolvedClientOptions;

  constructor(cluster: Cluster, dispatcher: Dispatcher, options: ResolvedClientOptions) {
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
    this.#options = options;
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
    const delay = options?.delay;
    const seconds = delay === undefined ? 0 : Math.ceil(toMilliseconds(delay, 'delay') / 1000);
    const line = seconds === 0 ? 'flush_all' : `flush_all ${toExptime(seconds, unixMs() / 1000)}`;
    return this.#onEveryNode('flush_all', line, readDone, options, (done) => done as boolean);
  }

  async *keys(options: KeysOptions | undefined): AsyncGenerator<string, void, undefined> {
    const { limit = Number.POSITIVE_INFINITY, server: only } = options ?? {};
    if (typeof limit !== 'number' || !(limit >= 0)) {
      throw new InvalidArgumentError('keys: limit: expected a number from 0');
    }
    const limits = await this.#dispatcher.ready('keys', options);
    const { closed } = this.#dispatcher;
    const ended = options?.signal === undefined ? closed : AbortSignal.any([closed, options.signal]);
    const prefix = Buffer.from(this.#options.keyPrefix, 'utf8').toString('latin1');
    const nodes = this.#cluster.nodes.filter(({ server }) => only === undefined || server.id === only);
    if (nodes.length === 0 && only !== undefined) {
      throw new InvalidArgumentError(`keys: server: '${only}' is none of this client's servers`);
    }
    let left = limit;
    for (const node of nodes) {
      if (left <= 0) return;
      if (node.isProxy) throw proxyError('keys', node.server.id);
      try {
        for await (const key of dumpKeys(node.server, this.#options, ended)) {
          if (!key.startsWith(prefix)) continue;
          yield Buffer.from(key.slice(prefix.length), 'latin1').toString('utf8');
          left -= 1;
          if (left <= 0) return;
        }
      } catch (error) {
        // Whether it is a proxy is known once it was spoken to.
        if (node.dialect === undefined) {
          const version = new Request('line', 'version', readLine);
          await this.#dispatcher.send(version, limits, node).catch(() => undefined);
        }
        // An old memcached that cannot list its keys says so.
        const isHungUp =
          error instanceof ConnectionError && node.dialect === 'classic' && node.state === 'up';
        throw isHungUp || node.isProxy ? proxyError('keys', node.server.id) : error;
      }
    }
  }

  async #onEveryNode<Value>(
    label: string,
    line: string,
    read: ReplyReader,
    options: CommandOptions | undefined,
    shape: (answer: unknown) => Value,
  ): Promise<ManyResult<Value>> {
    const limits = await this.#dispatcher.ready(label, options);
    const result = new ManyResult<Value>();
    const ask = async (node: Node): Promise<void> => {
      const server = node.server.id;
      try {
        const answer = await this.#dispatcher.send(new Request('line', line, read), limits, node);
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
