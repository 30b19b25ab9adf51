import { keptBytes } from './kept-bytes.js';
import { CodecError } from '../../errors.js';
import { isPlainJson, isPlainNumber } from './plain-json.js';
import { isWellFormed, readText } from './scalar-text.js';

/**
 * Reads what another language calls a string: text where it is UTF-8, else the bytes, copied.
 *
 * @param data a view; nothing of it is kept.
 */
export function readTextOrBytes(data: Buffer): string | Buffer {
  try {
    return readText(data);
  } catch {
    return keptBytes(data);
  }
}

/** What `decr` makes of a counter that has become shorter: digits, and blanks up to the length it had. */
const PADDED_COUNTER = /^\d{1,19} +$/;

/** `readTextOrBytes` of what may be a counter, whose digits are read without the blanks that `decr` leaves behind. */
export function readTextOrCounter(data: Buffer): string | Buffer {
  const value = readTextOrBytes(data);
  return typeof value === 'string' && value.length <= 20 && PADDED_COUNTER.test(value)
    ? value.trimEnd()
    : value;
}

/**
 * Makes sure that UTF-8 carries a text.
 *
 * @throws {CodecError} for a text with half of a surrogate pair alone, which would come back as U+FFFD.
 */
export function writeText(text: string): string {
  if (!isWellFormed(text)) throw new CodecError('UTF-8 cannot carry half of a surrogate pair');
  return text;
}

/** Whether JSON carries the value exactly. */
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isPlainNumber(value);
    case 'object':
      return value === null || isPlainJson(value);
    default:
      return false;
  }
}

/**
 * Writes JSON.
 *
 * @param codec who asks, for the message.
 * @throws {CodecError} if the value would not come back as it is.
 */
export function writeJson(value: unknown, codec: string): string {
  if (!isJson(value)) throw notStorable(value, codec);
  return JSON.stringify(value);
}

/** The same bytes as a Buffer; nothing is copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The error for a value that another client has no form for. */
export function notStorable(value: unknown, codec: string): CodecError {
  return new CodecError(
    `the codec '${codec}' has no form for ${kindOf(value)}; codec 'default' stores all that structured clone can carry`,
  );
}

function kindOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object that is not plain JSON';
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : 'this number';
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
