import type { NameLookups } from '../connection/name-lookups.js';
import { ProtocolError, ServerError } from '../errors.js';
import type { ClientSettings } from '../options/client-options.js';
import { reachedLike, type ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request } from '../protocol/request.js';
import { Node, type NodeObserver } from './node.js';
import { OwedInvalidations } from './owed-invalidations.js';

const ignore = (): void => undefined;
const UNOBSERVED: NodeObserver = { onState: ignore, onReconnect: ignore, onOwedSent: ignore };

/**
 * Asks a configuration endpoint for its servers, which may itself be any memcached that holds the list as a value. They are
 * reached as the endpoint is: with its TLS options and its credentials.
 */
export async function askEndpoint(
  endpoint: ServerAddress,
  options: ClientSettings,
  lookups: NameLookups,
  read: (names: readonly string[]) => readonly ServerAddress[],
): Promise<readonly ServerAddress[]> {
  const settings = { ...options, protocol: 'classic', drainTimeout: 0 } as const;
  const node = new Node(endpoint, settings, UNOBSERVED, new OwedInvalidations(0), lookups);
  const timeoutMs = options.connectTimeout + options.commandTimeout;
  try {
    const text =
      (await ask(node, 'config get cluster', timeoutMs)) ??
      (await ask(node, 'get AmazonElastiCache:cluster', timeoutMs));
    if (text === undefined) {
      throw new ProtocolError(
        `${endpoint.id}: knows no cluster configuration, it is no configuration endpoint`,
        endpoint.id,
      );
    }
    return read(parseClusterConfig(text, endpoint.id)).map((server) => reachedLike(endpoint, server));
  } finally {
    await node.close();
  }
}

async function ask(node: Node, line: string, timeoutMs: number): Promise<string | undefined> {
  try {
    return (await new Promise<unknown>((resolve, reject) => {
      const request = new Request('line', line, readConfig);
      request.timeoutMs = timeoutMs;
      request.resolve = resolve;
      request.reject = reject;
      node.send(request);
    })) as string | undefined;
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
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
  const servers = text.split(/\r?\n/)[1]?.split(/\s+/).filter(Boolean) ?? [];
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
