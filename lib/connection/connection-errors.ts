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
  const why = cause === undefined ? 'closed by the server' : told(cause);
  return new ConnectionError(`${server}: ${what}: ${why}`, server, opening ? 'not-sent' : 'unknown', {
    cause,
  });
}

/** What a system's or TLS error says. */
function told({ code, message, reason }: NodeJS.ErrnoException & { reason?: string }): string | undefined {
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

export function named(server: string, error: ProtocolError): ProtocolError {
  return new ProtocolError(`${server}: ${error.message}`, server, { cause: error });
}

/** A reply to nothing that was written: a server's last words before it hangs up, or no memcached. */
export function unasked(server: string, reply: Reply): MemcachedError {
  if (!isRefusal(reply)) return new ProtocolError(`a reply ('${reply.status}') to no request`);
  return explainRefusal(server, new ServerError(reply.text, server, reply.text));
}

/** The error for a reply that cannot be to the request whose turn it is. */
export function misplaced(request: Request): ProtocolError {
  return new ProtocolError(`${request.label}: the reply is to another request`);
}

/** The error after which nobody knows where the server stands in what it reads. */
export function doubtful(request: Request, reply: Reply): ProtocolError {
  return new ProtocolError(
    `${request.label}: refused with '${reply.text}', so its data block may have been read as commands`,
  );
}
