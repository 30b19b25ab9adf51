import type { LoadContext } from '../../../lib/cache/load-context.js';
import { KEEP } from '../../../lib/cache/cas-update.js';
import { ModuleCache } from '../../../lib/nest/instance/module-cache.js';
import { getModuleCacheToken } from '../../../lib/nest/instance/module-name.js';
import type { VarySources } from '../../../lib/options/vary-by.js';
import type { InvalidateOptions } from '../../../lib/options/cache-options.js';

/** A cache on a `Map` that writes down what it is asked to do; knows nothing of time, leases and other processes. */
export class RecordingCache {
  readonly values = new Map<string, unknown>();
  readonly log: string[] = [];
  /** The policies that came with the calls. */
  readonly policies: unknown[] = [];
  /** What was said in the log. */
  readonly warnings: string[] = [];

  /** The host that decorated objects would get for this cache. */
  host(vary: VarySources = {}): ModuleCache {
    const logger = { warn: (message: string) => this.warnings.push(message) };
    return new ModuleCache(this as never, vary, logger as never);
  }

  /** Gives the host to an object, as Nest's injector would. */
  attach<T extends object>(
    object: T,
    { name = 'default', varyBy = {} }: { name?: string; varyBy?: VarySources } = {},
  ): T {
    return Object.assign(object, { [getModuleCacheToken(name)]: this.host(varyBy) });
  }

  policy(policy: object): object {
    return policy;
  }

  async getOrSet(key: string, loader: (context: LoadContext) => unknown, policy: object): Promise<unknown> {
    this.policies.push(policy);
    if (this.values.has(key)) {
      this.log.push(`hit ${key}`);
      return this.values.get(key);
    }
    this.log.push(`load ${key}`);
    let skipped = false;
    const value = await loader({
      signal: new AbortController().signal,
      stale: undefined,
      setTtl: (ttl) => this.log.push(`ttl ${ttl}`),
      tag: (...tags) => this.log.push(`tag ${tags.join()}`),
      skip: () => {
        skipped = true;
      },
      unchanged: () => undefined as never,
    });
    if (!skipped && value !== undefined) this.values.set(key, value);
    return value;
  }

  async getOrSetMany(
    ids: Iterable<unknown>,
    keyOf: (id: unknown) => string,
    loadMissing: (ids: unknown[]) => Promise<unknown[]>,
    policy: object,
  ): Promise<Map<unknown, unknown>> {
    this.policies.push(policy);
    const all = [...new Set(ids)];
    const missing = all.filter((id) => !this.values.has(keyOf(id)));
    const loaded = missing.length === 0 ? [] : await loadMissing(missing);
    missing.forEach((id, index) => {
      if (loaded[index] !== undefined) this.values.set(keyOf(id), loaded[index]);
    });
    return new Map(
      all.filter((id) => this.values.has(keyOf(id))).map((id) => [id, this.values.get(keyOf(id))]),
    );
  }

  async set(key: string, value: unknown, policy: { ttl?: unknown }): Promise<boolean> {
    const { ttl } = policy;
    this.policies.push(typeof ttl === 'function' ? { ...policy, ttl: ttl(value) as unknown } : policy);
    this.log.push(`set ${key}`);
    // As the cache does with what is not cached.
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
    return true;
  }

  async invalidate(...args: (string | InvalidateOptions)[]): Promise<void> {
    this.log.push(`invalidate ${described(args)}`);
    for (const key of args) if (typeof key === 'string') this.values.delete(key);
  }

  async invalidateTags(...args: (string | InvalidateOptions)[]): Promise<void> {
    this.log.push(`invalidate tags ${described(args)}`);
  }

  async update(key: string, next: (current: unknown) => unknown, options: object): Promise<unknown> {
    this.policies.push(options);
    const value = await next(this.values.get(key));
    if (value !== KEEP) this.values.set(key, value);
    return this.values.get(key);
  }
}

function described(args: (string | InvalidateOptions)[]): string {
  const names = args.filter((arg) => typeof arg === 'string');
  const soft = args.filter((arg) => typeof arg !== 'string').map((options) => options.soft ?? 0);
  return `${names.join()}${soft.some((ms) => ms !== 0) ? ` soft ${soft.join()}` : ''}`;
}
