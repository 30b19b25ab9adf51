import type { Ttl } from '../options/cache-options.js';

/** What a loader gets to know, and may say about the value it is computing. */
export interface LoadContext {
  /** Aborted when nobody waits for the value any more, at `hardTimeout`, and when the cache closes. */
  readonly signal: AbortSignal;

  /**
   * The value that is being replaced, where a stale one is at hand: for conditional requests, see `unchanged`. It is what
   * an earlier load returned.
   */
  readonly stale: unknown;

  /** Sets how long the value is fresh, whatever the policy says. */
  setTtl(ttl: Ttl): void;

  /**
   * Tags the value with names known only now, beside the policy's tags.
   *
   * If one of them was, or may have been, invalidated since the load began, the value is returned but not stored.
   */
  tag(...tags: string[]): void;

  /** Does not store the value: it is returned to the callers that wait for it, and forgotten. */
  skip(): void;

  /**
   * The stale value is still right: `return ctx.unchanged()` stores it as a fresh one.
   *
   * @returns `stale`; declared `never`, so that it fits whatever the loader returns.
   * @throws {InvalidArgumentError} when there is no stale value; look at `stale` first.
   */
  unchanged(): never;
}

/** Computes the value of a key. What it throws reaches every waiting caller untouched. */
export type Loader<V> = (context: LoadContext) => V | Promise<V>;

/** What a loader of many keys gets to know, and may say about all of its values together. */
export type BatchContext = Pick<LoadContext, 'signal' | 'setTtl' | 'tag' | 'skip'>;

/**
 * Computes the values of the ids that are missing, in one call.
 *
 * @returns a `Map` by id, or an array in the order of `ids`; an id that is absent, or `undefined`, has no value.
 */
export type BatchLoader<Id, V> = (
  ids: readonly Id[],
  context: BatchContext,
) =>
  | ReadonlyMap<Id, V>
  | readonly (V | undefined)[]
  | Promise<ReadonlyMap<Id, V>>
  | Promise<readonly (V | undefined)[]>;
