import type { Cluster } from '../cluster/cluster.js';
import { dumpKeys } from '../cluster/key-dump.js';
import { proxyError } from '../cluster/proxy-signs.js';
import { CommandTimeoutError, ConnectionError, InvalidArgumentError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import { Request } from '../protocol/request.js';
import { timeoutOf, type KeysOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { checkOptions } from './known-options.js';
import { readLine } from './readers.js';

/** Asks the servers for the keys that they hold. */
export class KeyListing {
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;
  readonly #options: ResolvedClientOptions;

  constructor(cluster: Cluster, dispatcher: Dispatcher, options: ResolvedClientOptions) {
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
    this.#options = options;
  }

  /** The same as texts; what is none is so in part. */
  async *texts(
    options: KeysOptions | undefined,
    isWanted?: (key: string) => boolean,
  ): AsyncGenerator<string, void, undefined> {
    for await (const key of this.bytes(options, isWanted)) yield Buffer.from(key, 'latin1').toString('utf8');
  }

  /**
   * The keys that the servers hold, as their bytes behind the prefix, one character per byte: not all of them are text. What is
   * called as the prefix is has no key.
   *
   * @param isWanted whether a key is one of those that are asked for, and counts.
   */
  async *bytes(
    options: KeysOptions | undefined,
    isWanted: (key: string) => boolean = () => true,
  ): AsyncGenerator<string, void, undefined> {
    if (options !== undefined) checkOptions('keys', options);
    const { limit = Number.POSITIVE_INFINITY, server: only } = options ?? {};
    if (typeof limit !== 'number' || !(limit >= 0)) {
      throw new InvalidArgumentError('keys: limit: expected a number from 0');
    }
    const limits = await this.#dispatcher.ready('keys', options);
    const timeoutMs = options?.timeout === undefined ? undefined : timeoutOf(options.timeout);
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
        for await (const key of dumpKeys(node.server, this.#options, ended, timeoutMs)) {
          if (!key.startsWith(prefix) || key.length === prefix.length) continue;
          const own = key.slice(prefix.length);
          if (!isWanted(own)) continue;
          yield own;
          left -= 1;
          if (left <= 0) return;
          ended.throwIfAborted();
        }
      } catch (error) {
        // Whether it is a proxy is known once it was spoken to.
        if (node.dialect === undefined && !(error instanceof CommandTimeoutError)) {
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
}
