import { MAX_RELATIVE_SECONDS } from '../protocol/exptime.js';
import { unixMs } from '../unix-time.js';

/** The last second memcached's clock has, in January 2038, and some to spare. */
const LAST_SECOND = 2 ** 31 - 60;

/**
 * A ttl as memcached can count it, for those who do not choose it: what was to live beyond January 2038 lives until then.
 *
 * @param milliseconds from now; may be infinite.
 */
export function countableTtl(milliseconds: number): number {
  if (milliseconds <= MAX_RELATIVE_SECONDS * 1000) return milliseconds;
  return Math.min(milliseconds, (LAST_SECOND - Math.ceil(unixMs() / 1000)) * 1000);
}
