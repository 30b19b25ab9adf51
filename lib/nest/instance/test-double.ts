import type { LoadContext } from '../../cache/load-context.js';
import { KEEP } from '../../cache/cas-update.js';
import type { CacheMethods } from './module-cache.js';

/** What a loader gets that nobody will store. */
const PLAIN: LoadContext = {
  signal: new AbortController().signal,
  stale: undefined,
  setTtl: () => undefined,
  tag: () => undefined,
  skip: () => undefined,
  unchanged: () => undefined as never,
};

/**
 * A test's double in the service's place, as decorated methods may use it: where it lacks a method, or a mock answers
 * nothing without having asked the loader, they are the plain methods.
 */
export function testDoubleMethods(double: object): CacheMethods {
  const ask = (name: string, ...args: unknown[]): unknown => {
    const method = (double as Partial<Record<string, unknown>>)[name];
    return typeof method === 'function' ? (method as Method).apply(double, args) : undefined;
  };
  const methods: Record<string, Method> = {
    async getOrSet(key, loader, policy) {
      const load = loader as (context: LoadContext) => unknown;
      let asked = false;
      const counted = (context: LoadContext): unknown => {
        asked = true;
        return load(context ?? PLAIN);
      };
      const value: unknown = await ask('getOrSet', key, counted, policy);
      return value === undefined && !asked ? load(PLAIN) : value;
    },
    async getOrSetMany(ids, keyOf, loader, policy) {
      const load = loader as (ids: readonly unknown[], context: LoadContext) => unknown;
      const found: unknown = await ask('getOrSetMany', ids, keyOf, load, policy);
      if (found instanceof Map) return found;
      const all = [...new Set(ids as Iterable<unknown>)];
      const loaded: unknown = await load(all, PLAIN);
      if (loaded instanceof Map) return loaded;
      const pairs = all.map((id, index) => [id, (loaded as readonly unknown[])[index]] as const);
      return new Map(pairs.filter(([, value]) => value !== undefined));
    },
    async update(key, updater, options) {
      const change = updater as (current: unknown) => unknown;
      let asked = false;
      const counted = (current: unknown): unknown => {
        asked = true;
        return change(current);
      };
      const value: unknown = await ask('update', key, counted, options);
      if (value !== undefined || asked) return value;
      const changed = await change(undefined);
      return changed === KEEP ? undefined : changed;
    },
    get: async (...args) => ask('get', ...args),
    set: async (...args) => ask('set', ...args),
    invalidate: async (...args) => ask('invalidate', ...args),
    invalidateTags: async (...args) => ask('invalidateTags', ...args),
  };
  return methods as unknown as CacheMethods;
}

type Method = (...args: unknown[]) => unknown;
