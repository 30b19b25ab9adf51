import type { Reply } from './reply.js';
import { unexpectedReply, type Request } from './request.js';

const LINE = /^STAT (\S+) ?(.*)\r?$/;

/** Reads lines of statistics, `STAT name value`, into a map of texts. */
export function readStats(reply: Reply, request: Request): ReadonlyMap<string, string> {
  const stats = (request.gathered ??= new Map<string, string>()) as Map<string, string>;
  if (reply.status === 'stat') {
    // Behind the end of the last line there is nothing.
    for (const line of reply.text.split('\n').slice(0, -1)) {
      const [, name, value] = LINE.exec(line) ?? [];
      if (name === undefined) throw unexpectedReply(reply, request);
      stats.set(name, value);
    }
  } else if (reply.status !== 'end' && reply.status !== 'ok') {
    throw unexpectedReply(reply, request);
  }
  return stats;
}
