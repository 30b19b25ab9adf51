import { EventEmitter } from 'node:events';
import { InvalidArgumentError, InvalidOptionsError } from '../errors.js';
import { readObject, type Shape } from '../options/schema.js';
import { callersNow } from './callers-time.js';
import { NamespacedItems, type Space, type StoredItem } from './namespaced-items.js';
import { FAMILIES } from './own-keys.js';
import { clientOf, type MemcachedSource } from './shared-client.js';

/** Options of `createKeyvStore`. */
export interface KeyvStoreOptions {
  /**
   * Keyv's major version: 6 hands over the time at which a value ends, 5 how long it lives.
   *
   * @default 6
   */
  keyv?: 5 | 6 | undefined;
}

const OPTIONS: Shape<{ keyv: 5 | 6 }> = {
  keyv: (value, path) => {
    if (value === undefined || value === 5 || value === 6) return value ?? 6;
    throw new InvalidOptionsError(path, `expected 5 or 6, got ${JSON.stringify(value)}`);
  },
};

/**
 * A store for Keyv, in namespaces that are cleared by one request. Each Keyv is given a store of its own; what they stand on
 * is shared.
 *
 * @param source the application's `MemcachedService` or client, which stays open; or options of the module, from which the
 *   store makes a service of its own, closed by `disconnect`.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 * @example
 * const keyv = new Keyv({ store: createKeyvStore(memcached), namespace: 'products', ttl: 60_000 });
 */
export function createKeyvStore(source: MemcachedSource, options: { keyv: 5 }): Keyv5Store;
export function createKeyvStore(source: MemcachedSource, options?: { keyv?: 6 | undefined }): Keyv6Store;
export function createKeyvStore(
  source: MemcachedSource,
  options: KeyvStoreOptions = {},
): Keyv5Store | Keyv6Store {
  const { keyv } = readObject(options, '', OPTIONS, '{ keyv: 5 }');
  const shared = clientOf(source);
  return keyv === 5
    ? new Keyv5Store(new NamespacedItems(shared, FAMILIES.keyv5))
    : new Keyv6Store(new NamespacedItems(shared, FAMILIES.keyv6));
}

/** What Keyv 6 asks of a store: it is told when a value ends, and puts the namespace before the key by itself. */
export class Keyv6Store extends EventEmitter {
  /** Says which of Keyv's two contracts this is: without it Keyv 6 would hand over spans, as Keyv 5 does. */
  readonly capabilities = CAPABILITIES;
  readonly #items: NamespacedItems;
  #namespace: string | undefined;
  #space: Space;

  constructor(items: NamespacedItems) {
    super();
    this.#items = items;
    this.#space = items.space('');
  }

  get namespace(): string | undefined {
    return this.#namespace;
  }

  set namespace(namespace: string | undefined) {
    this.#namespace = namespace;
    this.#space = this.#items.space(namespace ?? '');
  }

  /** @returns the value; `undefined` for a miss, and while its server is away. */
  async get<Value>(key: string): Promise<Value | undefined> {
    return (await this.#space.get(key))?.value as Value | undefined;
  }

  /** One trip to each server. */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    const items = await this.#space.getMany(keys);
    return items.map((item) => item?.value as Value | undefined);
  }

  /** @param expires milliseconds since 1970; for ever without it. @returns whether it was stored, or was over already. */
  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    return this.#space.set(key, value, deadline(expires));
  }

  /** One trip to each server for the namespace, and one for the values. */
  async setMany(
    entries: { key: string; value: unknown; expires?: number | undefined }[],
  ): Promise<boolean[]> {
    return this.#space.setMany(
      entries.map(({ key, value, expires }) => ({ key, value, expires: deadline(expires) })),
    );
  }

  /** @returns whether something was there. */
  delete(key: string): Promise<boolean> {
    return this.#space.delete(key);
  }

  /** One trip to each server. */
  deleteMany(keys: string[]): Promise<boolean[]> {
    return this.#space.deleteMany(keys);
  }

  /** Whether a key has a value. */
  async has(key: string): Promise<boolean> {
    return (await this.#space.get(key)) !== undefined;
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
  async *iterator<Value>(): AsyncGenerator<(string | Awaited<Value> | undefined)[], void, undefined> {
    for await (const [key, { value }] of this.#space.entries()) yield [key, value as Awaited<Value>];
  }

  /** Closes what the store has made for itself; a service or client that was given to it stays open. */
  disconnect(): Promise<void> {
    return this.#items.close();
  }
}

/** What Keyv 5 asks of a store: it is told how long a value lives, and gets keys that begin with Keyv's namespace. */
export class Keyv5Store extends EventEmitter {
  /**
   * Keyv 5 reads both, and breaks without the first. It lets a closed list of dialects iterate, and asks for the dialect
   * nowhere else.
   */
  readonly opts: { url: string; dialect: string } = { url: '', dialect: 'redis' };
  readonly #items: NamespacedItems;
  /** Every namespace that a Keyv has given itself on this store, `''` for none, and the last of them. */
  readonly #namespaces = new Set<string>();
  #namespace: string | undefined;

  constructor(items: NamespacedItems) {
    super();
    this.#items = items;
  }

  get namespace(): string | undefined {
    return this.#namespace;
  }

  set namespace(namespace: string | undefined) {
    this.#namespace = namespace;
    this.#namespaces.add(namespace ?? '');
  }

  /** @returns the value; `undefined` for a miss, and while its server is away. */
  async get<Value>(key: string): Promise<Value | undefined> {
    return (await this.#spaceOf(key).get(key))?.value as Value | undefined;
  }

  /** One trip to each server. */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    const items = await this.#read(keys);
    return items.map((item) => item?.value as Value | undefined);
  }

  /** @param ttl milliseconds; for ever without it. @returns whether it was stored. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#spaceOf(key).set(key, value, endingIn(ttl));
  }

  /** One trip to each server for the namespace, and one for the values. */
  async setMany(entries: { key: string; value: unknown; ttl?: number | undefined }[]): Promise<boolean[]> {
    const items = entries.map(({ key, value, ttl }) => ({ key, value, expires: endingIn(ttl) }));
    return Promise.all(items.map(({ key, value, expires }) => this.#spaceOf(key).set(key, value, expires)));
  }

  /** @returns whether something was there. */
  delete(key: string): Promise<boolean> {
    return this.#spaceOf(key).delete(key);
  }

  /** One trip to each server. @returns whether all of them were there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.every(Boolean);
  }

  /** Whether a key has a value. */
  async has(key: string): Promise<boolean> {
    return (await this.#spaceOf(key).get(key)) !== undefined;
  }

  /** One trip to each server. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.#read(keys)).map((item) => item !== undefined);
  }

  /**
   * One request for the whole namespace, and nothing else is touched.
   *
   * @throws {InvalidArgumentError} where several namespaces share the store: Keyv 5 does not say which one it means.
   */
  async clear(): Promise<void> {
    if (this.#namespaces.size > 1) {
      const names = [...this.#namespaces].map((name) => (name === '' ? 'none' : `'${name}'`)).join(', ');
      throw new InvalidArgumentError(
        `clear: the namespaces ${names} share this store, and Keyv 5 does not say which is meant; give each Keyv a store of its own`,
      );
    }
    return this.#items.space(this.#namespace ?? '').clear();
  }

  /** Keys, with their namespace, and values, in no order. */
  async *iterator<Value>(
    namespace: string | undefined = this.#namespace,
  ): AsyncGenerator<(string | Awaited<Value> | undefined)[], void, undefined> {
    const space = this.#items.space(namespace ?? '');
    for await (const [key, { value }] of space.entries()) yield [key, value as Awaited<Value>];
  }

  /** Closes what the store has made for itself; a service or client that was given to it stays open. */
  disconnect(): Promise<void> {
    return this.#items.close();
  }

  /**
   * Several Keyvs on one store overwrite each other's namespace, but each puts its own before its keys: what begins with none of
   * them is of a Keyv without one.
   */
  #spaceOf(key: string): Space {
    if (this.#namespaces.size <= 1) return this.#items.space(this.#namespace ?? '');
    const fitting = [...this.#namespaces].filter((name) => key.startsWith(`${name}:`));
    const longest = fitting.toSorted((one, other) => other.length - one.length).at(0);
    return this.#items.space(longest ?? '');
  }

  #read(keys: readonly string[]): Promise<(StoredItem | undefined)[]> {
    return Promise.all(keys.map((key) => this.#spaceOf(key).get(key)));
  }
}

const METHOD = { exists: true, methodType: 'async' } as const;

/** What a storage of Keyv 6 says of itself. */
const CAPABILITIES = {
  compatible: true,
  store: 'keyvStorage' as const,
  methods: {
    get: METHOD,
    getMany: METHOD,
    has: METHOD,
    hasMany: METHOD,
    set: METHOD,
    setMany: METHOD,
    delete: METHOD,
    deleteMany: METHOD,
    clear: METHOD,
    disconnect: METHOD,
    iterator: METHOD,
  },
  expires: true,
};

/** September 2001. No time of day before it is one at which something ends; such a number is a span. */
const FIRST_DEADLINE = 1e12;

/** What lies ahead by less than ten years, as a time of day, is one; as a span it would be some sixty years. */
const USUAL_MS = 10 * 365 * 86_400_000;

/** @throws {InvalidArgumentError} for how long something lives, which Keyv 5 hands over. */
function deadline(expires: number | undefined): number | undefined {
  if (expires === undefined || expires >= FIRST_DEADLINE) return expires;
  throw new InvalidArgumentError(
    `set: ${expires} is no time of day but a span; make the store for Keyv 5: createKeyvStore(source, { keyv: 5 })`,
  );
}

/** @throws {InvalidArgumentError} for the time at which something ends, which Keyv 6 hands over. */
function endingIn(ttl: number | undefined): number | undefined {
  if (ttl === undefined || ttl === 0) return undefined;
  const now = callersNow();
  const isSpan = ttl < Math.max(now, FIRST_DEADLINE) || ttl > now + USUAL_MS;
  if (isSpan) return now + ttl;
  throw new InvalidArgumentError(
    `set: ${ttl} is no span but a time of day; make the store for Keyv 6: createKeyvStore(source, { keyv: 6 })`,
  );
}
