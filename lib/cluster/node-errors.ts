import { ConnectionError, ProtocolError, type MemcachedError } from '../errors.js';
import type { Request } from '../protocol/request.js';

/** A request was written, and its connection is gone. */
export function lostRequest(
  request: Request,
  server: string,
  cause: MemcachedError | undefined,
): MemcachedError {
  if (cause instanceof ProtocolError) return cause;
  const why = cause?.message ?? `${server}: connection closed`;
  return new ConnectionError(`${request.label}: ${why}`, server, request.outcome, { cause });
}

/** A request is for a server that cannot be reached. @param state how the server is doing. */
export function unreachable(
  request: Request,
  server: string,
  state: string,
  cause: MemcachedError | undefined,
): ConnectionError {
  return new ConnectionError(`${request.label}: ${server} is ${state}${because(cause)}`, server, 'not-sent', {
    cause,
  });
}

/** A request is for a server that has left the list, or is reached in another way since, and was not answered by then. */
export function takenOut(
  request: Request,
  server: string,
  cause: MemcachedError | undefined,
): ConnectionError {
  const what = `${server} has left the list of servers or changed there`;
  return new ConnectionError(`${request.label}: ${what}${because(cause)}`, server, request.outcome, {
    cause,
  });
}

function because(cause: MemcachedError | undefined): string {
  return cause === undefined ? '' : ` (${cause.message})`;
}
