/**
 * What the cache's own keys begin with, and those of values never do: one that would gets another of them in front.
 * So no key of a value, whoever chose it, is a tag, a lock or a sign of life.
 */
const OWN = '~';

const ALIVE_PREFIX = '~alive:';

/** Of a longer key only the end stands in another one, which could be longer than memcached takes. */
const MAX_WITHIN = 128;

/** Where a value is stored. */
export function itemKey(key: string): string {
  return typeof key === 'string' && key.startsWith(OWN) ? OWN + key : key;
}

/** The key of a value that is stored there. */
export function keyOf(name: string): string {
  return name.startsWith(OWN) ? name.slice(OWN.length) : name;
}

/** Whether an item is one of the cache's own, and no value. */
export function isOwn(name: string): boolean {
  return name.startsWith(OWN) && !name.startsWith(OWN + OWN);
}

/** Where the signs of life of whoever computes a value are; where two long keys share one, a live load may be taken over. */
export function aliveKey(key: string): string {
  return ALIVE_PREFIX + (key.length <= MAX_WITHIN ? key : key.slice(-MAX_WITHIN).toWellFormed());
}
