/** What C's strtoull and strtol accept here: blanks, a sign, digits, and then a blank or the end. */
const UNSIGNED = /^[\t-\r ]*\+?(\d+)(?:[\t-\r \0]|$)/;
const SIGNED = /^[\t-\r ]*([+-]?\d+)(?:[\t-\r \0]|$)/;

const PLAIN = /^\d{1,15}$/;

const UINT64_LIMIT = 2n ** 64n;
const INT64_LIMIT = 2n ** 63n;

/** Reads an unsigned number of at most 64 bits, as memcached reads deltas, cas numbers and client flags. */
export function parseUint64(text: string): bigint | undefined {
  const match = UNSIGNED.exec(text);
  if (match === null) return undefined;
  const value = BigInt(match[1]);
  return value < UINT64_LIMIT ? value : undefined;
}

/**
 * Reads a cas number.
 *
 * @returns a number that is exact below 2^53; the server never gets further, so a larger one fits no item anyway.
 */
export function parseCas(text: string): number | undefined {
  return PLAIN.test(text) ? Number(text) : toNumber(parseUint64(text));
}

/** Reads client flags or a level: 64 bits are accepted, the low 32 are kept, so that 4294967296 becomes 0. */
export function parseUint32(text: string): number | undefined {
  return PLAIN.test(text) ? Number(BigInt.asUintN(32, BigInt(text))) : wrapped(parseUint64(text));
}

/** Reads a signed number: 64 bits are accepted, the low 32 are kept, so that a length of 4294967297 becomes 1. */
export function parseInt32(text: string): number | undefined {
  if (PLAIN.test(text)) {
    const value = Number(text);
    return value <= 0x7fffffff ? value : Number(BigInt.asIntN(32, BigInt(value)));
  }
  const match = SIGNED.exec(text);
  if (match === null) return undefined;
  const value = BigInt(match[1]);
  return value < INT64_LIMIT && value >= -INT64_LIMIT ? Number(BigInt.asIntN(32, value)) : undefined;
}

function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function wrapped(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(BigInt.asUintN(32, value));
}
