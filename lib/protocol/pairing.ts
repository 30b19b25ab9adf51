import type { Reply, ReplyStatus } from './reply.js';
import type { Request } from './request.js';

/** Whether the reply is an error line. It names no request, so it can answer any. */
export function isRefusal(reply: Reply): boolean {
  return reply.status === 'error' || reply.status === 'client-error' || reply.status === 'server-error';
}

/**
 * Whether a reply that is no refusal can be the answer to a request. If not, replies and requests are out of step, for good.
 *
 * Meta replies carry their request's opaque. The others are told apart by the key they name, and where they name none by
 * what can be said to such a request: a `STORED` too many that shifts all that follow is noticed at the next read.
 */
export function answers(reply: Reply, request: Request): boolean {
  if (reply.opaque !== request.opaque) return false;
  return request.opaque >= 0 || answersWithoutOpaque(reply, request);
}

function answersWithoutOpaque(reply: Reply, request: Request): boolean {
  const { status } = reply;
  switch (request.kind) {
    case 'get':
    case 'gets':
    case 'get-and-touch':
      return isListItem(reply) ? request.items < 1 && reply.names(request.key) : status === 'end';
    case 'get-many':
    case 'gets-many':
      return isListItem(reply)
        ? request.items < request.details.keys!.length && isOfMany(reply, request)
        : status === 'end';
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
      return status === 'ok'
        ? reply.text === 'STORED'
        : status === 'not-stored' || status === 'exists' || status === 'not-found';
    case 'delete':
      return status === 'ok' ? reply.text === 'DELETED' : status === 'not-found';
    case 'renew':
      return status === 'ok' ? reply.text === 'TOUCHED' : status === 'not-found';
    case 'incr':
    case 'decr':
      return status === 'number' || status === 'not-found';
    case 'metadebug':
      return status === 'line' ? reply.text.startsWith(`ME ${request.key} `) : status === 'not-found';
    case 'line':
      return LINE_ANSWERS.get(request.key.split(' ', 1)[0])?.includes(status) ?? true;
    case 'count':
    case 'mark-stale':
    case 'lease-get':
    case 'lookup':
    case 'touch':
      return false;
  }
}

function isListItem(reply: Reply): boolean {
  return reply.status === 'value' && reply.more;
}

/** Whether an item is one of those asked for. A live request's reader looks it up by its key anyway. */
function isOfMany(reply: Reply, request: Request): boolean {
  return !request.settled || request.details.keys!.some((key) => reply.names(key));
}

/** What can be said to the commands that are sent as they are; a command that is not here may be answered by anything. */
const LINE_ANSWERS: ReadonlyMap<string, readonly ReplyStatus[]> = new Map<string, readonly ReplyStatus[]>([
  ['version', ['version']],
  ['mn', ['noop']],
  ['stats', ['stat', 'end', 'ok']],
  ['flush_all', ['ok']],
  ['get', ['value', 'end']],
  ['config', ['value', 'end']],
  ['set', ['ok']],
]);
