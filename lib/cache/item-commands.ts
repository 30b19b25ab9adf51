import { InvalidArgumentError } from '../errors.js';
import type { ItemOptions, Ttl, UpdateOptions } from '../options/cache-options.js';
import {
  resolveUpdate,
  type ResolvedCacheOptions,
  type ResolvedPolicy,
  type ResolvedUpdate,
} from '../options/cache-policy.js';
import { resolveItem } from '../options/item-options.js';
import { readTtl } from '../options/ttl-option.js';
import { checkedKey, checkFunction } from './cache-key.js';
import type { CacheParts } from './cache-parts.js';
import { KEEP, type CasUpdates, type Updater } from './cas-update.js';
import { writtenEntryFor } from './entry.js';
import { judge } from './finding.js';
import { storedTtl } from './load.js';
import type { ReadThrough } from './read-through.js';
import { tagsOf, versionsOf, type TagStates } from './tags.js';

/** Behind the cas token of an item with tags: an invalidation of these leaves the item, and its token, as they are. */
const TAGGED = '!';

/**
 * Memcached's commands that depend on what is there, by the cache's terms: what an invalidation has reached, what is stale,
 * and a stub that stands for somebody's lease are nothing. All of them but `cas` and `gets` read and compare-and-set, as
 * `update` does, and reject when the store fails.
 */
export class ItemCommands {
  readonly #in: CacheParts;
  readonly #updates: CasUpdates;
  readonly #readThrough: ReadThrough;
  readonly #options: ResolvedCacheOptions;
  readonly #strict: ResolvedPolicy;
  /** For calls that name the tags themselves. */
  readonly #untagged: ResolvedPolicy;

  constructor(
    parts: CacheParts,
    updates: CasUpdates,
    readThrough: ReadThrough,
    options: ResolvedCacheOptions,
  ) {
    this.#in = parts;
    this.#updates = updates;
    this.#readThrough = readThrough;
    this.#options = options;
    this.#strict = options.policyOf({ onStoreError: 'throw' });
    this.#untagged = options.policyOf({ tags: [] });
  }

  /** Changes a value. @param policy that the key is read with, where that is not the cache's. */
  async update(
    key: string,
    next: Updater<unknown>,
    options: UpdateOptions<never>,
    policy?: ResolvedPolicy,
  ): Promise<unknown> {
    checkFunction(next, `update("${checkedKey(key)}")`, 'that makes the new value of the present one');
    return this.#run(key, next, resolveUpdate(options), policy);
  }

  /** Stores a value unless there is one. */
  async add(key: string, value: unknown, options: ItemOptions = {}): Promise<boolean> {
    checkValue('add', key, value);
    const next: Updater<unknown> = (there) => (there === undefined ? value : KEEP);
    return (await this.#change('add', key, next, resolveItem(options, 'store'))).stored;
  }

  /** Stores a value if there is one; it lives as a new one would. */
  async replace(key: string, value: unknown, options: ItemOptions = {}): Promise<boolean> {
    checkValue('replace', key, value);
    const read = resolveItem(options, 'store');
    const ttlSeconds = read.ttlSeconds ?? storedTtl(value, undefined, this.#options.policy);
    const next: Updater<unknown> = (there) => (there === undefined ? KEEP : value);
    return (await this.#change('replace', key, next, { ...read, ttlSeconds })).stored;
  }

  /** Puts text or bytes behind those that are there, or before them; what lives on lives as long as before. */
  async extend(
    where: 'append' | 'prepend',
    key: string,
    more: string | Uint8Array,
    options: ItemOptions = {},
  ): Promise<boolean> {
    if (typeof more !== 'string' && !(more instanceof Uint8Array)) {
      throw new InvalidArgumentError(
        `${where}: expected text or bytes, got ${more === null ? 'null' : typeof more}`,
      );
    }
    const next: Updater<unknown> = (there) => {
      if (there === undefined) return KEEP;
      return where === 'append' ? joined(where, key, there, more) : joined(where, key, more, there);
    };
    return (await this.#change(where, key, next, resolveItem(options, 'store'))).stored;
  }

  /** Gives a value another ttl. @returns the value; undefined where there is none. */
  async touch(key: string, ttl: Ttl, options: Omit<ItemOptions, 'ttl'> = {}): Promise<unknown> {
    const read = { ...resolveItem(options, 'touch'), ttlSeconds: readTtl(ttl, 'ttl') };
    const next: Updater<unknown> = (there) => (there === undefined ? KEEP : there);
    return (await this.#change('touch', key, next, read)).value;
  }

  /** Reads a value with what names the state of its item. */
  async gets(
    key: string,
    options: Pick<ItemOptions, 'signal'> = {},
  ): Promise<CachedItem<unknown> | undefined> {
    const { signal } = resolveItem(options, 'read');
    return this.#in.aborts.start(async () => {
      const { reader, store } = this.#in;
      const finding = await reader.look(checkedKey(key), this.#strict, 'without rights');
      const { state, entry, cas, reading } = finding;
      if (state === 'fresh') return { value: entry?.value, cas: entry?.tags.length ? cas + TAGGED : cas };
      // Memcached gives the right to refresh a stale value to whoever reads it first, asked for or not.
      if (reading?.won === true) await store.release(key, reading.cas, reading.hit ? 'rest' : 0);
      return undefined;
    }, signal);
  }

  /** Stores a value if nothing has changed since it was read, and no tag of what was read has been invalidated. */
  async cas(key: string, value: unknown, token: string, options: ItemOptions = {}): Promise<CasOutcome> {
    checkedKey(key);
    const read = resolveItem(options, 'store');
    return this.#in.aborts.start(() => this.#cas(key, value, token, read), read.signal);
  }

  /**
   * Has a counter counted.
   *
   * @param begins whether a missing one begins.
   * @throws {InvalidArgumentError} where it would bear none of the tags that all reads of its key look for.
   */
  async count<T>(key: string, begins: boolean, work: () => Promise<T>): Promise<T> {
    const { tags } = this.#in;
    const [wanted] = begins ? tags.required(checkedKey(key), this.#options.policy) : [];
    if (wanted !== undefined) throw noCounter(key, wanted);
    this.#readThrough.forget(key);
    try {
      return await work();
    } finally {
      this.#readThrough.forget(key);
    }
  }

  async #cas(key: string, value: unknown, token: string, options: ResolvedUpdate): Promise<CasOutcome> {
    const { random, store, tags } = this.#in;
    const { ttlSeconds, graceSeconds, tags: named = this.#strict.tags } = options;
    const required = tags.requiredBeside(key, named);
    const policy =
      graceSeconds === undefined ? this.#strict : this.#options.policyOf({ grace: graceSeconds * 1000 });
    const isTagged = typeof token === 'string' && token.endsWith(TAGGED);
    const cas = isTagged ? token.slice(0, -TAGGED.length) : token;
    const states = isTagged ? await this.#seenAgain(key, cas, required) : await tags.states(required);
    if (typeof states === 'string') return states;
    const { entry, keepSeconds } = writtenEntryFor(
      value,
      storedTtl(value, ttlSeconds, policy),
      versionsOf(required, states),
      policy,
      random,
    );
    this.#readThrough.forget(key);
    try {
      return await store.write(key, entry, keepSeconds, cas);
    } finally {
      this.#readThrough.forget(key, true);
    }
  }

  /**
   * The states of tags, read beside the item: as long as that is the same, it says which versions its own had for `gets`.
   *
   * @param required what the new value is to bear.
   * @returns what has become of the item where these are others now.
   */
  async #seenAgain(key: string, cas: string, required: readonly string[]): Promise<TagStates | CasOutcome> {
    const { clock, reader, tags } = this.#in;
    const { reading, states } = await reader.askWithTags(key, 0, required, tagsOf);
    const { state } = judge(reading, 0, states, tags.requiredBeside(key, []), clock.now());
    reader.giveBack(key, reading);
    if (reading.cas !== cas || state === 'fresh') return states;
    return state === 'absent' ? 'not-found' : 'exists';
  }

  async #change(
    command: string,
    key: string,
    next: Updater<unknown>,
    options: ResolvedUpdate,
  ): Promise<{ stored: boolean; value: unknown }> {
    let stored = false;
    const noting: Updater<unknown> = async (there) => {
      const result = await next(there);
      stored = result !== KEEP;
      return result;
    };
    const value = await this.#run(key, noting, options, undefined, command);
    return { stored, value };
  }

  /** Tags that are named stand in the place of the cache's, as in every policy. */
  async #run(
    key: string,
    next: Updater<unknown>,
    options: ResolvedUpdate,
    policy = options.tags === undefined ? this.#options.policy : this.#untagged,
    command = 'update',
  ): Promise<unknown> {
    this.#readThrough.forget(checkedKey(key));
    try {
      return await this.#updates.run(key, next, options, policy, command);
    } finally {
      this.#readThrough.forget(key, true);
    }
  }
}

/** What became of a `cas`. */
type CasOutcome = 'stored' | 'exists' | 'not-found';

/** A value, and what names the state of its item. */
export interface CachedItem<V> {
  readonly value: V;
  /** For `cas`; compared for equality only. */
  readonly cas: string;
}

function noCounter(key: string, tag: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `initial: a counter bears no tags, and what is under "${key}" has to bear '${tag}' (cache.tags, or cache.namespaces), so that no ` +
      "read would find it; count by update(), or by service.client, whose counters are none of the cache's",
  );
}

function checkValue(command: string, key: string, value: unknown): void {
  if (value !== undefined) return;
  throw new InvalidArgumentError(`${command} "${key}": the value is undefined, which is what a miss is`);
}

/** Two texts, or two rows of bytes, as one. */
function joined(where: string, key: string, first: unknown, second: unknown): unknown {
  if (typeof first === 'string' && typeof second === 'string') return first + second;
  const parts = [first, second].map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  if (parts.every((part) => part instanceof Uint8Array)) return Buffer.concat(parts);
  throw new InvalidArgumentError(`${where} "${key}": what is there is neither text nor bytes`);
}
