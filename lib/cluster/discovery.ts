import { lookup, resolveSrv } from 'node:dns/promises';
import { clearTimeout, setTimeout } from 'node:timers';
import { ConnectionError, ProtocolError, ServerError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ResolvedDiscovery } from '../options/discovery-options.js';
import { readServers, type ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request } from '../protocol/request.js';
import { Node, type NodeObserver } from './node.js';
import { OwedInvalidations } from './owed-invalidations.js';

const ignore = (): void => undefined;
const UNOBSERVED: NodeObserver = { onState: ignore, onReconnect: ignore, onOwedSent: ignore };

/** Told about every list that was found, and about every attempt that failed. */
export interface DiscoveryListener {
  onServers(servers: readonly ServerAddress[]): void;
  onFailure(error: Error): void;
}

/** Asks for the list of servers again and again; a failed attempt leaves the last list in place. */
export class Discovery {
  readonly #source: ResolvedDiscovery;
  readonly #options: ResolvedClientOptions;
  readonly #listener: DiscoveryListener;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(source: ResolvedDiscovery, options: ResolvedClientOptions, listener: DiscoveryListener) {
    this.#source = source;
    this.#options = options;
    this.#listener = listener;
  }

  /** Asks once, and from then on at every interval; resolves after the first attempt, whatever came of it. */
  async run(): Promise<void> {
    try {
      const servers = await this.#find();
      if (!this.#closed) this.#listener.onServers(servers);
    } catch (error) {
      if (!this.#closed) this.#listener.onFailure(error as Error);
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.run(), this.#source.interval).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #find(): Promise<readonly ServerAddress[]> {
    const source = this.#source;
    switch (source.type) {
      case 'elasticache':
        return readServers(await this.#askEndpoint(source.endpoint), 'discovery');
      case 'dns':
        return readServers(await resolveName(source), 'discovery');
      case 'function':
        return readServers(await source.find(), 'discovery');
    }
  }

  /** Asks a configuration endpoint, which may itself be any memcached that holds the list as a value. */
  async #askEndpoint(endpoint: string): Promise<string[]> {
    const [server] = readServers(endpoint, 'discovery.endpoint');
    const options = { ...this.#options, protocol: 'classic', drainTimeout: 0 } as const;
    const node = new Node(server, options, UNOBSERVED, new OwedInvalidations(0));
    try {
      const text =
        (await this.#ask(node, 'config get cluster')) ??
        (await this.#ask(node, 'get AmazonElastiCache:cluster'));
      if (text === undefined) {
        throw new ProtocolError(
          `${endpoint}: knows no cluster configuration, it is no configuration endpoint`,
          endpoint,
        );
      }
      return parseClusterConfig(text, endpoint);
    } finally {
      await node.close();
    }
  }

  async #ask(node: Node, line: string): Promise<string | undefined> {
    try {
      return (await new Promise<unknown>((resolve, reject) => {
        const request = new Request('line', line, readConfig);
        request.timeoutMs = this.#options.connectTimeout + this.#options.commandTimeout;
        request.resolve = resolve;
        request.reject = reject;
        node.send(request);
      })) as string | undefined;
    } catch (error) {
      if (error instanceof ServerError) return undefined;
      throw error;
    }
  }
}

function readConfig(reply: Reply, request: Request): string | undefined {
  if (reply.status === 'value') request.gathered = reply.value.toString('utf8');
  return request.gathered as string | undefined;
}

/**
 * Reads what a configuration endpoint answers: a version, then `host|ip|port` for each server. The host name is used,
 * since addresses change; it is resolved anew at each connect.
 *
 * @see AWS, "Adding Auto Discovery to your client library"
 */
export function parseClusterConfig(text: string, endpoint: string): string[] {
  const servers = text.split('\n')[1]?.trim().split(' ').filter(Boolean) ?? [];
  if (servers.length === 0)
    throw new ProtocolError(`${endpoint}: the cluster configuration names no server`, endpoint);
  return servers.map((server) => {
    const [host, ip, port] = server.split('|');
    if (port === undefined)
      throw new ProtocolError(`${endpoint}: the cluster configuration cannot be read`, endpoint);
    const name = host === '' ? ip : host;
    return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
  });
}

/** All addresses behind a name, in an order that does not depend on the resolver's. */
async function resolveName(source: ResolvedDiscovery & { type: 'dns' }): Promise<string[]> {
  if (source.record === 'srv') {
    const records = await resolveSrv(source.name);
    return records.map(({ name, port, weight }) => `${name}:${port}=${Math.max(weight, 1)}`).toSorted();
  }
  const addresses = await lookup(source.name, { all: true });
  if (addresses.length === 0) {
    throw new ConnectionError(`${source.name}: the name has no address`, source.name, 'not-sent');
  }
  return addresses
    .map(({ address, family }) =>
      family === 6 ? `[${address}]:${source.port}` : `${address}:${source.port}`,
    )
    .toSorted();
}
