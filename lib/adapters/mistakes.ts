import { ClientClosedError, InvalidArgumentError } from '../errors.js';

/** What the caller has done wrong, rather than what has gone wrong. */
export function isMistake(error: unknown): boolean {
  return error instanceof InvalidArgumentError || error instanceof ClientClosedError;
}
