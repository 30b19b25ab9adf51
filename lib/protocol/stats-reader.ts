import type { Reply } from './reply.js';
import { unexpectedReply, type Request } from './request.js';

/** Reads `STAT name value` lines up to their `END` into a map of texts. */
export function readStats(reply: Reply, request: Request): ReadonlyMap<string, string> {
  const stats = (request.gathered ??= new Map<string, string>()) as Map<string, string>;
  if (reply.status === 'stat') {
    const [, name, value] = /^STAT (\S+) ?(.*)$/.exec(reply.text) ?? [];
    if (name === undefined) throw unexpectedReply(reply, request);
    stats.set(name, value);
  } else if (reply.status !== 'end' && reply.status !== 'ok') {
    throw unexpectedReply(reply, request);
  }
  return stats;
}
