import { InvalidArgumentError } from '../errors.js';

/** Longest span memcached reads as relative; anything larger it takes for a Unix time. */
export const MAX_RELATIVE_SECONDS = 60 * 60 * 24 * 30;

/**
 * An expiration time that is over: a day in January 1970. Unlike negative ones, proxies pass it on. Whatever is greater is a
 * time on the clock of the server.
 */
export const LONG_PAST = MAX_RELATIVE_SECONDS + 1;

/** Leaves the expiration time of an item that is marked stale as it is. */
export const KEEP_EXPTIME = -1;

/** The last second a signed 32-bit Unix time can name, in January 2038; memcached keeps expiry in 32 bits. */
const MAX_UNIX_SECONDS = 2 ** 31 - 1;

/**
 * Turns a ttl into the number memcached expects.
 *
 * @param ttlSeconds whole seconds from now, at least 1.
 * @param nowSeconds current Unix time in seconds; passed in because this layer has no clock.
 * @throws {InvalidArgumentError} past January 2038.
 * @see memcached doc/protocol.txt, "Expiration times"
 */
export function toExptime(ttlSeconds: number, nowSeconds: number): number {
  if (ttlSeconds <= MAX_RELATIVE_SECONDS) return ttlSeconds;
  const unixSeconds = Math.ceil(nowSeconds) + ttlSeconds;
  if (unixSeconds <= MAX_UNIX_SECONDS) return unixSeconds;
  throw new InvalidArgumentError(
    `ttl: ${ttlSeconds} s from now is past January 2038, where memcached's clock ends; leave ttl out for "never expires"`,
  );
}
