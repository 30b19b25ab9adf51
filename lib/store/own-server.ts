import type { MemcachedClient } from '../client/client.js';
import type { NodeStatus } from '../client/server-commands.js';

/** How the server is that a key belongs to, whoever answers in its place; undefined before the first list of servers. */
export function ownServer(client: MemcachedClient, key: string): NodeStatus | undefined {
  const servers = client.topology();
  if (servers.length === 0) return undefined;
  const home = client.serverFor(key);
  return servers.find(({ server }) => server === home);
}

/** Whether a key's own server is away, so that whatever answers in its place does not speak for it. */
export function isAway(client: MemcachedClient, key: string): boolean {
  const state = ownServer(client, key)?.state;
  return state !== undefined && state !== 'up';
}

/** Whether a token comes from a server that counts none (`-C`). */
export function isWithoutCas(cas: string): boolean {
  return cas.startsWith('0@') || cas === '0';
}
