/** What the keys of adapters begin with: no key of a value that the cache stores does. */
export const OWN = '~';

/** The second part of the keys of those adapters that have one name for all. Sessions have that of their prefix. */
export const FAMILIES = { cacheManager: 'cm', keyv5: 'keyv5', keyv6: 'keyv', throttler: 'throttle' } as const;

const TAKEN: ReadonlySet<string> = new Set(Object.values(FAMILIES));

/** What a name would run into the key with, and what memcached takes in no key: with it, listed keys would not bear the name. */
const UNFIT = /[%:\u0000-\u0020\u007f]/g;

/** A name without colons and blanks: `a` with the key `b:c` is not `a:b` with the key `c`. */
export function escapedName(name: string): string {
  return name.replaceAll(UNFIT, encodeURIComponent);
}

/** Likewise, of an adapter whose names stand where those of the others do: none is the name of one of them. */
export function escapedFamily(name: string): string {
  return TAKEN.has(name) ? `%${name}` : escapedName(name);
}
