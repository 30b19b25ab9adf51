import { CodecError } from '../../errors.js';

const MINUS = 0x2d;
const BLANK = 0x20;
const ZERO = 0x30;

/** Any number of this many digits is a safe integer. */
const SAFE_DIGITS = 15;

const DECIMAL = /^-?\d+$/;

/** Refuses numbers of so many digits that reading them would take long. */
interface Digits {
  checkDigits(count: number): void;
}

/** U+FFFD, which stands in for every byte that is not UTF-8, and which some texts contain. */
const REPLACEMENT = '\uFFFD';

/** What `toString('utf8', start, end)` comes to once it has read its arguments, which costs half as much as all the rest. */
interface SlicingBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/**
 * Reads a whole number in decimal digits.
 *
 * @param data digits, perhaps after a minus and before the blanks that `decr` leaves behind (`"99 "`).
 * @returns a number where it is exact, else a bigint.
 * @throws {CodecError} for anything else.
 */
export function readInteger(data: Buffer, bounds: Digits): number | bigint {
  let end = data.length;
  while (end > 0 && data[end - 1] === BLANK) end -= 1;
  const negative = data[0] === MINUS;
  const start = negative ? 1 : 0;
  if (end - start > SAFE_DIGITS) {
    const exact = readBigInt(data, bounds);
    const rounded = Number(exact);
    return Number.isSafeInteger(rounded) ? rounded : exact;
  }
  let result = 0;
  for (let at = start; at < end; at += 1) {
    const digit = data[at] - ZERO;
    if (digit < 0 || digit > 9) throw notDigits();
    result = result * 10 + digit;
  }
  if (end === start) throw notDigits();
  return negative && result !== 0 ? -result : result;
}

/**
 * Reads a whole number in decimal digits, however large within the bounds.
 *
 * @throws {CodecError} for anything else.
 */
export function readBigInt(data: Buffer, bounds: Digits): bigint {
  bounds.checkDigits(data.length);
  const digits = data.toString('latin1').trimEnd();
  if (!DECIMAL.test(digits)) throw notDigits();
  return BigInt(digits);
}

/**
 * Reads UTF-8, from `start` to `end`.
 *
 * @throws {CodecError} if the bytes are something else; nothing is replaced silently.
 */
export function readText(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = (bytes as SlicingBuffer).utf8Slice(start, end);
  if (text.includes(REPLACEMENT) && !Buffer.from(text, 'utf8').equals(bytes.subarray(start, end))) {
    throw new CodecError('the stored bytes are not UTF-8 text');
  }
  return text;
}

/** Whether UTF-8 can carry the text; a lone half of a surrogate pair would come back as U+FFFD. */
export function isWellFormed(text: string): boolean {
  // In Node since 20, in TypeScript's library since ES2024.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

function notDigits(): CodecError {
  return new CodecError('the stored bytes are not a whole number in decimal digits');
}
