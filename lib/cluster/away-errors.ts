import {
  CommandTimeoutError,
  ConnectionError,
  OverloadError,
  ProtocolError,
  ServerError,
} from '../errors.js';

/** Whether the error says that the server could not be asked, rather than that it refused. */
export function isAwayError(error: unknown): boolean {
  return (
    error instanceof ConnectionError ||
    error instanceof CommandTimeoutError ||
    error instanceof ProtocolError ||
    error instanceof OverloadError
  );
}

/**
 * Whether an invalidation that failed so is owed: it did not arrive, or may not have. A proxy whose server is away says so
 * by `SERVER_ERROR`.
 */
export function isOwedAfter(error: unknown): boolean {
  return isAwayError(error) || (error instanceof ServerError && error.reply.startsWith('SERVER_ERROR'));
}
