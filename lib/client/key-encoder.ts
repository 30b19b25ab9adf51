import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '../errors.js';
import { keyProblem, MAX_KEY_BYTES, type KeyProblem } from '../protocol/wire-key.js';

/** A byte no UTF-8 text contains: what holds it cannot be a key that some user wrote. */
const NEVER_IN_UTF8 = '\xff';

/** SHA-256 in base64url. */
const DIGEST_LENGTH = 43;

const WHY: Record<Exclude<KeyProblem, 'empty'>, string> = {
  'too-long': `is longer than ${MAX_KEY_BYTES} bytes`,
  'forbidden-character': 'contains a blank or a control character',
};

/**
 * Turns any key with its prefix into bytes memcached takes; different keys never meet.
 *
 * Text goes as UTF-8. What is too long, or has bytes that memcached refuses (blanks, control characters), keeps its
 * beginning for people to read, then `0xff` (which no text contains), then the SHA-256 of the whole: the same in both
 * dialects, so that processes that speak different ones, and proxies between them, mean the same item.
 *
 * @returns one character per byte.
 * @throws {InvalidArgumentError} for an empty key, half of a surrogate pair, and with `unsafeKeys: 'refuse'` for all
 *   that would need encoding.
 */
export function encodeUnusualKey(key: string, unsafeKeys: 'encode' | 'refuse'): string {
  if (!key.isWellFormed()) {
    throw new InvalidArgumentError('key contains half of a surrogate pair, which has no UTF-8 form');
  }
  const bytes = Buffer.from(key, 'utf8').toString('latin1');
  const problem = keyProblem(bytes);
  if (problem === undefined) return bytes;
  if (problem === 'empty') throw new InvalidArgumentError('key is empty');
  if (unsafeKeys === 'refuse') {
    throw new InvalidArgumentError(`key ${shown(key)} ${WHY[problem]} (option unsafeKeys is 'refuse')`);
  }
  return shortened(bytes);
}

function shortened(bytes: string): string {
  const head = /^[\x21-\x7e\x80-\xff]*/.exec(bytes)![0].slice(0, MAX_KEY_BYTES - 1 - DIGEST_LENGTH);
  const digest = createHash('sha256').update(bytes, 'latin1').digest('base64url');
  return `${head}${NEVER_IN_UTF8}${digest}`;
}

function shown(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);
}
