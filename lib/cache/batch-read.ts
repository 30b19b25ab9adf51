import type { ResolvedPolicy } from '../options/cache-policy.js';
import { checkedKeys } from '../options/entries.js';
import { Batch } from './batch.js';
import { type CacheCall, callOf } from './cache-call.js';
import { checkFunction, checkKeys } from './cache-key.js';
import type { CacheParts } from './cache-parts.js';
import { traceCalls } from './cache-tracing.js';
import type { BatchLoader, Loader } from './load-context.js';
import type { ReadThrough } from './read-through.js';

/** What is read by a batch, and on what terms. */
interface BatchRead<Id, V> {
  readonly ids: Iterable<Id>;
  /** The key of an id; ids of one key are one. */
  readonly keyOf: (id: Id) => string;
  readonly loadMissing: BatchLoader<Id, V>;
  readonly policy: ResolvedPolicy;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the values of many ids, and has those that are missing computed by one call.
 *
 * @returns the values by id, in the order of `ids`; an id without a value is absent.
 * @throws what the loader throws, when a value is needed that no stale one may stand in for.
 */
export async function readBatch<Id, V>(
  { clock, order, store, tracing }: CacheParts,
  readThrough: ReadThrough,
  { ids, keyOf, loadMissing, policy, signal }: BatchRead<Id, V>,
): Promise<Map<Id, V>> {
  checkFunction(keyOf, 'getOrSetMany', 'that tells the key of an id');
  checkFunction(loadMissing, 'getOrSetMany', 'that computes the values of ids');
  const all = [...new Set(checkedKeys(ids, 'getOrSetMany', 'ids'))];
  const keys = all.map((id) => keyOf(id));
  checkKeys(keys, store);
  // Ids of one key are one: the first of them stands for all.
  const names = [...new Set(keys)];
  const firstOf = names.length === all.length ? undefined : positionsOf(keys);
  signal?.throwIfAborted();
  const began = order.now;
  const isTraced = tracing.calls.audience.hasSubscribers;
  const calls: CacheCall[] = [];
  const read = (): Promise<unknown[]> => {
    const batch = new Batch(loadMissing, clock, tracing.loads);
    return readThrough.getMany(
      names,
      policy,
      signal,
      (index) => {
        const key = names[index];
        const id = all[firstOf?.get(key) ?? index];
        batch.expect(id);
        const load: Loader<unknown> = (context) => batch.load(id, context);
        const call = callOf(key, load, policy, began, signal, () => batch.decided(id));
        if (isTraced) calls.push(call);
        return call;
      },
      () => batch.expectNoMore(),
    );
  };
  const values = await (isTraced ? traceCalls(tracing.calls, names, calls, read) : read());
  const position = firstOf && new Map(names.map((name, index) => [name, index]));
  const found = new Map<Id, V>();
  for (const [index, id] of all.entries()) {
    const value = values[position?.get(keys[index]) ?? index];
    if (value !== undefined) found.set(id, value as V);
  }
  return found;
}

/** Where each key stands first. */
function positionsOf(keys: readonly string[]): Map<string, number> {
  const positions = new Map<string, number>();
  for (const [index, key] of keys.entries()) if (!positions.has(key)) positions.set(key, index);
  return positions;
}
