import { EventEmitter } from 'node:events';
import { optional, readObject, type Shape, text, duration, withDefault } from '../options/schema.js';
import type { Duration } from '../options/duration.js';
import { callersNow } from './callers-time.js';
import { NamespacedItems, type Space, type StoredItem } from './namespaced-items.js';
import { FAMILIES } from './own-keys.js';
import { clientOf, type MemcachedSource } from './shared-client.js';

/** Options of `createCacheManagerStore`. */
export interface CacheManagerStoreOptions {
  /**
   * Which items are this store's: `clear()` drops those of one namespace. Applications that share servers and the namespace
   * share the items.
   *
   * @default 'cache-manager'
   */
  namespace?: string | undefined;

  /**
   * How long values live that are set without a ttl; 0 for ever. cache-manager's own `ttl` goes before it.
   *
   * @default 0
   */
  ttl?: Duration | undefined;
}

const OPTIONS: Shape<{ namespace: string; ttl: number | undefined }> = {
  namespace: withDefault(text(), 'cache-manager'),
  ttl: optional(duration()),
};

/**
 * A store for cache-manager 6 and 7, and so for `CacheModule` of `@nestjs/cache-manager`. It has the shape of a Keyv 5, which
 * both use as it is, whichever Keyv is installed; values go through this package's codec, so that dates, maps and bigints
 * come back.
 *
 * @param source the application's `MemcachedService` or client, which stays open; or options of the module, from which the
 *   store makes a service of its own, closed by `disconnect`.
 * @typeParam Keyv what the place where it is used takes, mostly told by that place. TypeScript knows a class with private
 *   parts by its declaration, and cache-manager names the class `Keyv`: there is one for ESM and another for CommonJS.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 * @example
 * CacheModule.registerAsync({
 *   inject: [MemcachedService],
 *   useFactory: (memcached: MemcachedService) => ({ stores: createCacheManagerStore(memcached), ttl: 60_000 }),
 * });
 */
// oxlint-disable-next-line typescript/no-explicit-any, typescript/no-unnecessary-type-parameters -- see typeParam
export function createCacheManagerStore<Keyv = any>(
  source: MemcachedSource,
  options: CacheManagerStoreOptions = {},
): MemcachedCacheManagerStore & Keyv {
  const { namespace, ttl } = readObject(options, '', OPTIONS, "{ ttl: '1m' }");
  const items = new NamespacedItems(clientOf(source), FAMILIES.cacheManager);
  return new MemcachedCacheManagerStore(items, namespace, ttl) as MemcachedCacheManagerStore & Keyv;
}

/** A value with its deadline, as `{ raw: true }` asks for it. */
export interface RawValue<Value> {
  readonly value: Value;
  /** Milliseconds since 1970; never without it. */
  readonly expires: number | undefined;
}

/** The parts of a Keyv 5 that cache-manager and `@nestjs/cache-manager` use or look for. */
export class MemcachedCacheManagerStore extends EventEmitter {
  readonly opts: {
    readonly namespace: string;
    readonly ttl: number | undefined;
    readonly store: MemcachedCacheManagerStore;
  };
  /** Nothing is hooked; by its presence `@nestjs/cache-manager` knows a Keyv 5. */
  readonly hooks = new EventEmitter();
  /** Not counted here: see the service's `counters`. */
  readonly stats = { enabled: false };
  readonly namespace: string;
  readonly #ttl: number | undefined;
  readonly #items: NamespacedItems;
  readonly #space: Space;

  constructor(items: NamespacedItems, namespace: string, ttl: number | undefined) {
    super();
    this.#items = items;
    this.#space = items.space(namespace);
    this.#ttl = ttl;
    this.namespace = namespace;
    this.opts = { namespace, ttl, store: this };
  }

  /** @returns the value, with `raw` beside its deadline; `undefined` for a miss, and while its server is away. */
  get<Value>(key: string, options: { raw: true }): Promise<RawValue<Value> | undefined>;
  get<Value>(key: string, options?: { raw?: false | undefined }): Promise<Value | undefined>;
  get<Value>(keys: string[], options: { raw: true }): Promise<(RawValue<Value> | undefined)[]>;
  get<Value>(keys: string[], options?: { raw?: false | undefined }): Promise<(Value | undefined)[]>;
  async get(key: string | string[], options?: { raw?: boolean | undefined }): Promise<unknown> {
    if (Array.isArray(key)) return this.getMany(key, options as { raw: true });
    return answerOf(await this.#space.get(key), options);
  }

  /** One trip to each server. */
  getMany<Value>(keys: string[], options: { raw: true }): Promise<(RawValue<Value> | undefined)[]>;
  getMany<Value>(keys: string[], options?: { raw?: false | undefined }): Promise<(Value | undefined)[]>;
  async getMany(keys: string[], options?: { raw?: boolean | undefined }): Promise<unknown[]> {
    return (await this.#space.getMany(keys)).map((item) => answerOf(item, options));
  }

  /** @param ttl milliseconds; by default the store's; 0 for ever. @returns whether it was stored. */
  set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#space.set(key, value, this.#expires(ttl));
  }

  /** One trip to each server for the namespace, and one for the values. */
  setMany(entries: { key: string; value: unknown; ttl?: number | undefined }[]): Promise<boolean[]> {
    return this.#space.setMany(
      entries.map(({ key, value, ttl }) => ({ key, value, expires: this.#expires(ttl) })),
    );
  }

  /** @returns whether something was there; of many, whether all of them were. */
  async delete(key: string | string[]): Promise<boolean> {
    return Array.isArray(key) ? this.deleteMany(key) : this.#space.delete(key);
  }

  /** One trip to each server. @returns whether all of them were there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#space.deleteMany(keys)).every(Boolean);
  }

  /** Whether a key has a value. */
  has(key: string): Promise<boolean>;
  /** Whether each key has a value, in one request for each server. */
  has(keys: string[]): Promise<boolean[]>;
  async has(key: string | string[]): Promise<boolean | boolean[]> {
    return Array.isArray(key) ? this.hasMany(key) : (await this.#space.get(key)) !== undefined;
  }

  /** One trip to each server. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.#space.getMany(keys)).map((item) => item !== undefined);
  }

  /** One request for the whole namespace, and nothing else is touched. */
  clear(): Promise<void> {
    return this.#space.clear();
  }

  /** Keys and values of the namespace, in no order. */
  async *iterator<Value>(): AsyncGenerator<[string, Value], void, undefined> {
    for await (const [key, { value }] of this.#space.entries()) yield [key, value as Value];
  }

  /** Closes what the store has made for itself; a service or client that was given to it stays open. */
  disconnect(): Promise<void> {
    return this.#items.close();
  }

  /** When a value ends that lives for a while, by default the store's own. */
  #expires(ttl = this.#ttl): number | undefined {
    return ttl === undefined || ttl === 0 ? undefined : callersNow() + ttl;
  }
}

function answerOf(item: StoredItem | undefined, options: { raw?: boolean | undefined } | undefined): unknown {
  if (options?.raw !== true || item === undefined) return item?.value;
  return { value: item.value, expires: item.expires } satisfies RawValue<unknown>;
}
