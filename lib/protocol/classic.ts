import { UnsupportedError } from '../errors.js';
import {
  casDigits,
  clientFlags,
  dataLength,
  delta,
  exptime,
  exptimeInClassic,
  wholeLine,
  wireKey,
  wireKeys,
} from './request-fields.js';
import type { Request } from './request.js';

/**
 * Writes the line of a request in the classic dialect; for storage commands the data block must follow it. No reply carries an
 * opaque.
 *
 * @throws {UnsupportedError} for what only the meta dialect can say.
 * @see memcached doc/protocol.txt, "Storage commands" and following
 */
export function encodeClassic(request: Request): string {
  request.opaque = -1;
  if (request.details.binaryKey) throw unsupported(request, 'a key with blanks or control characters');
  switch (request.kind) {
    case 'get':
      return `get ${wireKey(request)}\r\n`;
    case 'gets':
      return `gets ${wireKey(request)}\r\n`;
    case 'get-and-touch':
      throw unsupported(request, 'reading and touching in one');
    case 'touch':
      throw unsupported(request, 'touching all but a stub');
    case 'renew':
      return `touch ${wireKey(request)} ${exptime(request)}\r\n`;
    case 'get-many':
      return `get ${wireKeys(request)}\r\n`;
    case 'gets-many':
      return `gets ${wireKeys(request)}\r\n`;
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
      return `${request.kind} ${storeArguments(request)}\r\n`;
    case 'cas':
      if (request.details.witness !== '') throw unsupported(request, 'comparing more than digits');
      return `cas ${storeArguments(request)} ${casDigits(request)}\r\n`;
    case 'delete':
      if (request.details.cas !== '') throw unsupported(request, 'deleting by cas token');
      return `delete ${wireKey(request)}\r\n`;
    case 'incr':
    case 'decr':
      return `${request.kind} ${wireKey(request)} ${delta(request)}\r\n`;
    case 'count':
      throw unsupported(request, 'counting and telling the time left in one');
    case 'mark-stale':
      throw unsupported(request, 'marking a value as stale');
    case 'lease-get':
      throw unsupported(request, 'reading with a lease');
    case 'lookup':
    case 'metadebug':
      throw unsupported(request, request.kind);
    case 'line':
      return `${wholeLine(request)}\r\n`;
  }
}

function storeArguments(request: Request): string {
  return `${wireKey(request)} ${clientFlags(request)} ${exptimeInClassic(request)} ${dataLength(request)}`;
}

/** Thrown for every request that has another form: an error of its own, with a stack, would cost it more than the command. */
const HAS_ANOTHER_FORM = new UnsupportedError('to be sent in its classic form');

function unsupported(request: Request, what: string): UnsupportedError {
  if (request.inClassic !== undefined) return HAS_ANOTHER_FORM;
  return new UnsupportedError(
    `${request.label}: ${what} needs the meta dialect of memcached 1.6.10 or later; this server is spoken to in the ` +
      `classic one (option protocol, or a proxy that knows no meta commands)`,
  );
}
