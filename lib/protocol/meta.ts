import { checkedLength } from './data-block.js';
import { KEEP_EXPTIME } from './exptime.js';
import type { Request } from './request.js';

/** Opaques run from 0 to this and start again: a reply that is out of step by any other number is noticed. */
const OPAQUES = 4096;

/** ` O0\r\n` … ` O4095\r\n`, made once, since making a number's digits costs more than all the rest of a `mg` line. */
const OPAQUE_ENDINGS: readonly string[] = Array.from({ length: OPAQUES }, (_, opaque) => ` O${opaque}\r\n`);

/** The same behind what a plain `get` asks for: one string less to join. */
const GET_ENDINGS: readonly string[] = OPAQUE_ENDINGS.map((ending) => ` v f${ending}`);

/** What a read with a lease asks for, by the seconds of the lease; longer ones are rare enough to be joined. */
const LEASE_READS: readonly string[] = Array.from(
  { length: 301 },
  (_, seconds) => ` v f c t${seconds > 0 ? ` N${seconds}` : ''}`,
);

/** The opaque that follows `opaque`. */
export function nextOpaque(opaque: number): number {
  return (opaque + 1) % OPAQUES;
}

/** Whether replies to the request carry its opaque; classic lines that a meta connection also sends have none. */
export function carriesOpaque(request: Request): boolean {
  switch (request.kind) {
    case 'line':
    case 'metadebug':
    case 'get-many':
    case 'gets-many':
      return false;
    default:
      return true;
  }
}

/**
 * Writes the line of a request in the meta dialect; for storage commands the data block must follow it.
 *
 * Many keys at once go as classic `get k1 k2 …`: measured at 1.96 M keys/s against 1.15 M with `mg` lines, and every
 * item of the answer names its key.
 *
 * @see memcached doc/protocol.txt, "Meta Commands"
 */
export function encodeMeta(request: Request): string {
  switch (request.kind) {
    case 'get':
      return `mg ${request.key}${base64(request)}${GET_ENDINGS[request.opaque]}`;
    case 'gets':
      return `mg ${request.key}${base64(request)} v f c${ending(request)}`;
    case 'get-and-touch':
      return `mg ${request.key}${base64(request)} v f T${request.exptime}${ending(request)}`;
    case 'touch':
      return `mg ${request.key}${base64(request)} T${request.exptime}${ending(request)}`;
    case 'lookup':
      return `mg ${request.key}${base64(request)} v f c t s h l u${ending(request)}`;
    case 'metadebug':
      return `me ${request.key}${base64(request)}\r\n`;
    case 'lease-get':
      return `mg ${request.key}${base64(request)}${leaseRead(request)}${ending(request)}`;
    case 'set':
      return store(request, '');
    case 'add':
      return store(request, ' ME');
    case 'replace':
      return store(request, ' MR');
    case 'append':
      return store(request, ' MA');
    case 'prepend':
      return store(request, ' MP');
    case 'cas':
      return store(request, '');
    case 'delete':
      return `md ${request.key}${base64(request)}${cas(request)}${ending(request)}`;
    case 'mark-stale':
      return `md ${request.key}${base64(request)} I${exptime(request)}${cas(request)}${ending(request)}`;
    case 'incr':
      return arithmetic(request, '');
    case 'decr':
      return arithmetic(request, ' MD');
    case 'get-many':
      return `get ${request.keys!.join(' ')}\r\n`;
    case 'gets-many':
      return `gets ${request.keys!.join(' ')}\r\n`;
    case 'line':
      return `${request.key}\r\n`;
  }
}

function ending(request: Request): string {
  return OPAQUE_ENDINGS[request.opaque];
}

function base64(request: Request): string {
  return request.binaryKey ? ' b' : '';
}

function cas(request: Request): string {
  return request.cas === '' ? '' : ` C${request.cas}`;
}

function exptime(request: Request): string {
  return request.exptime === KEEP_EXPTIME ? '' : ` T${request.exptime}`;
}

function leaseRead({ leaseSeconds, recacheSeconds }: Request): string {
  const asked = LEASE_READS[leaseSeconds] ?? ` v f c t N${leaseSeconds}`;
  return recacheSeconds > 0 ? `${asked} R${recacheSeconds}` : asked;
}

function store(request: Request, mode: string): string {
  const flags = request.flags === 0 ? '' : ` F${request.flags}`;
  const exptime = request.exptime !== 0 ? ` T${request.exptime}` : '';
  return `ms ${request.key} ${checkedLength(request)}${base64(request)}${mode}${flags}${exptime}${cas(request)}${ending(request)}`;
}

function arithmetic(request: Request, mode: string): string {
  return `ma ${request.key}${base64(request)}${mode} D${request.delta} v${ending(request)}`;
}
