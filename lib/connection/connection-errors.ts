import {
  ConnectionError,
  MemcachedError,
  ProtocolError,
  ServerError,
  CommandTimeoutError,
} from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import { isRefusal } from '../protocol/pairing.js';
import type { Request } from '../protocol/request.js';
import type { ItemLimit } from './item-limit.js';
import { explainRefusal } from './negotiation.js';

/** Nothing was answered in time, or nobody was there to be asked. */
export function tooLate(request: Request, server: string, opening: boolean): CommandTimeoutError {
  const what = `${opening ? 'not connected' : 'no reply'} within ${request.timeoutMs} ms`;
  return new CommandTimeoutError(
    `${request.label} on ${server}: ${what}`,
    server,
    request.outcome,
    request.timeoutMs,
  );
}

export function notOpened(server: string, timeoutMs: number): CommandTimeoutError {
  return new CommandTimeoutError(
    `${server}: no connection within ${timeoutMs} ms`,
    server,
    'not-sent',
    timeoutMs,
  );
}

/** @param cause `undefined` when the peer closed the connection as it should be closed. */
export function lost(server: string, opening: boolean, cause?: NodeJS.ErrnoException): ConnectionError {
  const what = opening ? 'cannot connect' : 'connection lost';
  const why = cause === undefined ? 'closed by the server' : reasonOf(cause);
  return new ConnectionError(`${server}: ${what}: ${why}`, server, opening ? 'not-sent' : 'unknown', {
    cause,
  });
}

/** What a system's or TLS error says. */
function reasonOf({
  code,
  message,
  reason,
}: NodeJS.ErrnoException & { reason?: string }): string | undefined {
  // OpenSSL's message is a place in its source code with the reason in the middle.
  if (code?.startsWith('ERR_SSL_') && reason !== undefined) {
    return reason === 'wrong version number'
      ? `TLS: ${reason}; the server may not speak TLS`
      : `TLS: ${reason}`;
  }
  // A name with several addresses fails with an error that has a code but no message.
  return message || code;
}

/** Why a connection is given up after an error while its bytes were read; protocol errors get the server's name. */
export function unreadable(server: string, error: unknown): MemcachedError {
  if (error instanceof ProtocolError) return named(server, error);
  if (error instanceof MemcachedError) return error;
  return new ConnectionError(`${server}: given up after an error in this process`, server, 'unknown', {
    cause: error,
  });
}

function named(server: string, error: ProtocolError): ProtocolError {
  return new ProtocolError(`${server}: ${error.message}`, server, { cause: error });
}

/**
 * Fails a request whose reader or codec could make no sense of the reply.
 *
 * @throws {ProtocolError} for a reply that cannot be the answer, whatever it is read by.
 */
export function misread(request: Request, error: unknown, server: string): void {
  request.progress = 'written';
  if (!(error instanceof ProtocolError)) {
    request.fail(error as Error);
    return;
  }
  request.fail(named(server, error));
  throw error;
}

/** A reply to nothing that was written: a server's last words before it hangs up, or no memcached. */
export function unasked(server: string, reply: Reply): MemcachedError {
  if (!isRefusal(reply)) return new ProtocolError(`a reply ('${reply.status}') to no request`);
  return explainRefusal(server, new ServerError(reply.text, server, reply.text));
}

/**
 * Fails a request that was answered by an error line: that is its own affair, unless it leaves in doubt what the server did with
 * a data block.
 *
 * @throws {ProtocolError} then.
 */
export function refuse(request: Request, reply: Reply, server: string, limit: ItemLimit): void {
  const { data, kind, label } = request;
  if (data !== undefined && reply.status === 'server-error' && reply.text.includes('too large')) {
    request.fail(limit.refusal(request));
    return;
  }
  request.fail(new ServerError(`${label} on ${server}: ${reply.text}`, server, reply.text));
  if (data !== undefined && kind !== 'line' && reply.status !== 'server-error') {
    throw new ProtocolError(
      `${label}: refused with '${reply.text}', so its data block may have been read as commands`,
    );
  }
}

/** The error for a reply that cannot be to the request whose turn it is. */
export function misplaced(request: Request): ProtocolError {
  return new ProtocolError(`${request.label}: the reply is to another request`);
}
