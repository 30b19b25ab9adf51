import { CodecError, InvalidArgumentError } from '../errors.js';
import { LONG_PAST } from './exptime.js';
import type { Request } from './request.js';
import { keyProblem } from './wire-key.js';

/** Seconds as memcached keeps them, in 32 bits with a sign. */
const MAX_SECONDS = 2 ** 31 - 1;

const MAX_COUNTER = '18446744073709551615';

/**
 * Everything of a request that becomes bytes goes through here, whichever command it came with: what is not of its kind
 * is refused, so that no argument can end a line and begin a command of its own.
 */

/** The key; @throws {InvalidArgumentError} for what is no key in its wire form. */
export function wireKey(request: Request): string {
  const { key } = request;
  if (typeof key !== 'string' || keyProblem(key) !== undefined) throw notOfItsKind(request, 'key');
  return key;
}

/** The keys of a many-key read, with a blank between each. */
export function wireKeys(request: Request): string {
  if (!request.keyIsChecked) {
    for (const key of request.details.keys!) {
      if (typeof key !== 'string' || keyProblem(key) !== undefined) throw notOfItsKind(request, 'key');
    }
  }
  return request.details.keys!.join(' ');
}

/** A line of the client's own. */
export function wholeLine(request: Request): string {
  if (typeof request.key === 'string' && /^[\x20-\x7e]+$/.test(request.key)) return request.key;
  throw notOfItsKind(request, 'line');
}

/** An expiration time, -1 for one that is over; a Unix time by the server's clock. */
export function exptime(request: Request): number {
  return request.exptime === -1 ? -1 : byItsClock(request, request.exptime, 'ttl');
}

/** An expiration time that a request bears besides. */
export function byItsClock(request: Request, value: number, name: string): number {
  const here = seconds(request, value, name);
  if (request.details.aheadSeconds === 0 || here <= LONG_PAST) return here;
  // What it would take for seconds from now is over by its clock, and what it cannot name is later than its last second.
  return Math.min(Math.max(here + request.details.aheadSeconds, LONG_PAST), MAX_SECONDS);
}

/** The expiration time of what is stored in the classic dialect. */
export function exptimeInClassic(request: Request): number {
  return request.exptimeInClassic === -1
    ? exptime(request)
    : seconds(request, request.exptimeInClassic, 'ttl');
}

/** Whole seconds from 0. */
function seconds(request: Request, value: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_SECONDS) return value;
  throw new InvalidArgumentError(
    `${request.label}: ${name}: expected whole seconds from 0 to ${MAX_SECONDS}`,
  );
}

/** The digits of a cas token. */
export function casDigits(request: Request): string {
  return counted(request, request.details.cas, 'cas');
}

/** The digits of a counter's step. */
export function delta(request: Request): string {
  return counted(request, request.details.delta, 'by');
}

/** The digits of a counter's first value. */
export function initial(request: Request): string {
  return counted(request, request.details.initial, 'initial');
}

/**
 * Refuses a data block or client flags that would break the request's line: a classic server takes the block after a
 * malformed line for commands.
 *
 * @returns the length of the block in bytes.
 * @throws {CodecError} for what only a user's codec can have made; nothing of the value is told.
 */
export function dataLength(request: Request): number {
  const { data } = request;
  if (typeof data !== 'string' && !Buffer.isBuffer(data)) {
    throw new CodecError(
      `${request.label}: the codec's data is ${data === undefined ? 'missing' : 'no Buffer'}`,
    );
  }
  return data.length;
}

/** Client flags. */
export function clientFlags(request: Request): number {
  const { flags } = request;
  if (flags >>> 0 === flags) return flags;
  throw new CodecError(
    `${request.label}: the codec's flags are no whole number from 0 to 2^32 - 1, as client flags are`,
  );
}

function counted(request: Request, digits: string, name: string): string {
  const fits =
    typeof digits === 'string' &&
    /^\d{1,20}$/.test(digits) &&
    (digits.length < MAX_COUNTER.length || digits <= MAX_COUNTER);
  if (fits) return digits;
  throw notOfItsKind(request, name);
}

function notOfItsKind(request: Request, name: string): InvalidArgumentError {
  return new InvalidArgumentError(`${request.label}: ${name}: not in the form that memcached takes`);
}
