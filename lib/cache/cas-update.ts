/** Returned by the function given to `update`: leave the value as it is. */
export const KEEP: unique symbol = Symbol.for('nestjs-memcached.keep');

/**
 * Computes the new value from the current one. Called again with the newer value when somebody else was quicker, so
 * it should do nothing else.
 */
export type Next<V, C = V | undefined> = (current: C) => V | typeof KEEP | Promise<V | typeof KEEP>;
