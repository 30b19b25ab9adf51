import { ProtocolError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import { named } from './connection-errors.js';

/**
 * Gives a request its reply, or one of several. What its reader or a codec cannot make sense of fails the request alone.
 *
 * @throws {ProtocolError} for a reply that cannot be the answer; the request has failed then.
 */
export function answer(request: Request, reply: Reply, server: string): void {
  let result: unknown;
  try {
    result = request.read(reply, request);
  } catch (error) {
    request.progress = 'written';
    if (!(error instanceof ProtocolError)) {
      request.fail(error as Error);
      return;
    }
    request.fail(named(server, error));
    throw error;
  }
  if (!reply.more) request.succeed(result);
}
