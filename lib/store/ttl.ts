import type { CacheEntry } from '../cache/store.js';
import { countableTtl } from '../client/countable-ttl.js';
import type { EntryOptions } from '../client/command-options.js';
import type { Codec } from '../client/codec/codec.js';

/** The longest time that memcached takes as relative. */
export const LONGEST_SECONDS = 60 * 60 * 24 * 30;

/** Seconds as the client takes them; 0, which never ends, is no ttl at all. */
export function toTtl(seconds: number): number | undefined {
  return seconds === 0 ? undefined : countableTtl(seconds * 1000);
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
