import { CodecError } from '../errors.js';
import type { Request } from './request.js';

/**
 * Refuses a data block or client flags that would break the request's line: a classic server takes the block after a
 * malformed line for commands.
 *
 * @returns the length of the block in bytes.
 * @throws {CodecError} for what only a user's codec can have made; nothing of the value is told.
 */
export function checkedLength(request: Request): number {
  const { data, flags } = request;
  if (typeof data !== 'string' && !Buffer.isBuffer(data)) {
    throw new CodecError(
      `${request.label}: the codec's data is ${data === undefined ? 'missing' : 'no Buffer'}`,
    );
  }
  if (flags >>> 0 !== flags) {
    throw new CodecError(
      `${request.label}: the codec's flags are ${flags}, and client flags are whole numbers from 0 to 2^32 - 1`,
    );
  }
  return data.length;
}
