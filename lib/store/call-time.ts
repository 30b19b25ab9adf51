import type { MemcachedClient } from '../client/client.js';
import type { CommandOptions } from '../client/command-options.js';

/**
 * What one more request of a call may take: what is left of the call's time. A server has half of it at least, since the time
 * before may be this process's own; where none is known, the call has waited for that already.
 *
 * @param limitMs of the call; undefined leaves it to the client.
 * @param spentMs how long the call has taken.
 */
export function inWhatIsLeft(
  client: MemcachedClient,
  limitMs: number | undefined,
  spentMs: number,
): CommandOptions | undefined {
  if (limitMs === undefined || spentMs <= 0) return undefined;
  if (client.topology().length === 0) return { timeout: 1 };
  return { timeout: Math.ceil(Math.max(limitMs / 2, limitMs - spentMs)) };
}
