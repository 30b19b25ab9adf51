import type { CacheEntry } from '../cache/store.js';
import type { EntryOptions } from '../client/command-options.js';
import type { Codec } from '../client/codec/codec.js';
import { unixMs } from '../unix-time.js';

/** The longest time that memcached takes as relative. */
export const LONGEST_SECONDS = 60 * 60 * 24 * 30;

/** The last second memcached's clock has, in January 2038, and some to spare. */
const LAST_SECOND = 2 ** 31 - 60;

/** Seconds as the client takes them; 0, which never ends, is no ttl at all. */
export function toTtl(seconds: number): number | undefined {
  if (seconds === 0) return undefined;
  // Beyond it memcached cannot count: what was to live longer lives until then.
  const last = seconds > LONGEST_SECONDS ? LAST_SECOND - Math.ceil(unixMs() / 1000) : seconds;
  return Math.min(seconds, last) * 1000;
}

/**
 * What an entry is stored with. Where nobody will be able to tell that its ttl is over and its grace has begun, it has none.
 *
 * @param seconds the grace included.
 */
export function keptFor(seconds: number, { graceSeconds = 0 }: CacheEntry, codec: Codec): EntryOptions {
  const ttl = toTtl(seconds);
  if (seconds === 0 || graceSeconds === 0) return { ttl, codec };
  return { ttl, ttlInClassic: toTtl(Math.max(1, seconds - graceSeconds)), codec };
}
