import { BoundedMap } from '../bounded-map.js';
import type { ReadOptions, StoreOptions } from '../client/command-options.js';
import { randomText, textCodec } from '../client/random-text.js';
import { CodecError, ValueTooLargeError } from '../errors.js';
import { callersNow } from './callers-time.js';
import { Item, ItemCodec } from './item-codec.js';
import { isMistake } from './mistakes.js';
import { escapedName, OWN } from './own-keys.js';
import type { SharedClient } from './shared-client.js';
import type { StrictClient } from './strict-client.js';

/** memcached counts in whole seconds and may end an item one too early; what bears its own end is kept so much longer. */
const SERVER_SECOND_MS = 1000;

/** A value, and when it expires in milliseconds since 1970; never without it. */
export type StoredItem = Pick<Item, 'value' | 'expires'>;

/** A value to be stored under a key. */
export interface NewItem extends StoredItem {
  readonly key: string;
}

/** Namespaces that are remembered; one that was forgotten is read anew. */
const MAX_NAMESPACES = 1000;

/** Keys that are read at a time while iterating: few enough to hold, enough for one trip to be worth it. */
const PAGE = 100;

/** A generation can be taken away between the read that misses it and the add that makes it, but hardly so many times. */
const ATTEMPTS = 4;

/** Continued in a microtask, which no test runner puts its own in the place of. */
const RESOLVED = Promise.resolve();

/**
 * Items that expire to the millisecond, in namespaces that can be cleared at once.
 *
 * Nothing here rejects for a server that is away: reads miss, writes are `false`, and what should be gone is owed to the
 * server.
 */
export class NamespacedItems {
  readonly #shared: SharedClient;
  readonly #family: string;
  readonly #codec: ItemCodec;
  readonly #spaces = new BoundedMap<string, Space>(MAX_NAMESPACES);

  /** @param family which adapter's items they are; they meet nobody else's. */
  constructor(shared: SharedClient, family: string) {
    this.#shared = shared;
    this.#family = family;
    this.#codec = new ItemCodec(shared.client.codec);
  }

  /** A namespace; `''` is one like any other. */
  space(name: string): Space {
    let space = this.#spaces.get(name);
    if (space === undefined) {
      space = new Space(this.#shared.client, this.#codec, this.#family, escapedName(name));
      this.#spaces.set(name, space);
    }
    return space;
  }

  /** Ends what the adapter has made for itself. */
  close(): Promise<void> {
    return this.#shared.close();
  }
}

/**
 * The items of one namespace.
 *
 * Each bears the generation that the namespace had when it was stored, a random text in an item of its own, and is worth
 * nothing under another. Clearing is deleting that text: one request, which is made up for later if its server is away.
 * Who misses it adds a new one, so that nothing old comes back with a server that was away or has lost it.
 */
export class Space {
  readonly #client: StrictClient;
  readonly #codec: ItemCodec;
  readonly #prefix: string;
  readonly #generationKey: string;
  readonly #reads: ReadOptions;
  readonly #forever: StoreOptions;
  /** The look at the generation that began in this turn of the event loop. */
  #looking: Look | undefined;
  /** The last one seen: most likely the present one. */
  #generation: string | undefined;
  #hasWarned = false;

  constructor(client: StrictClient, codec: ItemCodec, family: string, name: string) {
    this.#client = client;
    this.#codec = codec;
    this.#prefix = `${OWN}${family}:${name}:`;
    this.#generationKey = `${OWN}${family}=${name}`;
    this.#reads = { codec };
    this.#forever = { ttl: 'never', codec };
  }

  async get(key: string): Promise<StoredItem | undefined> {
    try {
      const reading = this.#client.get<Item>(this.#prefix + key, this.#reads);
      const look = this.#lookAtGeneration();
      const item = await reading;
      return isAlive(item, look.found ?? (await look.finding)) ? item : undefined;
    } catch (error) {
      if (isMistake(error)) throw error;
      return undefined;
    }
  }

  /** One request to each server. @returns one for each key, in their order. */
  async getMany(keys: readonly string[]): Promise<(StoredItem | undefined)[]> {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.#prefix + key);
    const [items, generation] = await unlessAway(
      Promise.all([this.#client.getMany<Item>(names, this.#reads), this.#lookAtGeneration().finding]),
      NOTHING,
    );
    return names.map((name) => {
      const item = items?.get(name);
      return isAlive(item, generation) ? item : undefined;
    });
  }

  /**
   * @param end milliseconds since 1970; never without it, or if it is infinite.
   * @returns whether it was stored, or was over already.
   */
  set(key: string, value: unknown, end: number | undefined): Promise<boolean> {
    const expires = end === Number.POSITIVE_INFINITY ? undefined : end;
    const left = expires === undefined ? undefined : expires - callersNow();
    if (left !== undefined && left <= 0) return this.#remove(key).then(() => true);
    const options = left === undefined ? this.#forever : { ttl: left + SERVER_SECOND_MS, codec: this.#codec };
    const store = (generation: string): Promise<boolean> =>
      this.#client.set(this.#prefix + key, new Item(value, expires, generation), options);
    const seen = this.#generation;
    const look = this.#lookAtGeneration();
    if (seen === undefined) return this.#settled(key, undefined, false, look, store);
    // Stored under the generation that was last seen, in the same trip in which it is looked at again.
    return store(seen).then(
      (stored) => (stored && look.found === seen) || this.#settled(key, seen, stored, look, store),
      (error: unknown) => this.#failed(key, error),
    );
  }

  /** What has come of a value that was stored under the generation `seen`, once it is known which is the present one. */
  async #settled(
    key: string,
    seen: string | undefined,
    stored: boolean,
    look: Look,
    store: (generation: string) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      const present = await look.finding;
      if (present === seen ? stored : await store(present)) return true;
    } catch (error) {
      return this.#failed(key, error);
    }
    return this.#failed(key);
  }

  /** What it should have replaced must not be there when the server is back. */
  async #failed(key: string, error?: unknown): Promise<boolean> {
    if (isMistake(error)) throw error;
    if (error instanceof CodecError || error instanceof ValueTooLargeError) this.#warn(error);
    await this.#remove(key);
    return false;
  }

  /** One trip to each server. */
  setMany(items: readonly NewItem[]): Promise<boolean[]> {
    return Promise.all(items.map(({ key, value, expires }) => this.set(key, value, expires)));
  }

  /** @returns whether something was there. */
  async delete(key: string): Promise<boolean> {
    // Looked at in the same trip: what a `clear` has reached is still an item to the server.
    const [there, deleted] = await Promise.all([this.get(key), this.#remove(key)]);
    return deleted && there !== undefined;
  }

  /** One trip to each server. @returns for each key whether something was there. */
  deleteMany(keys: readonly string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.delete(key)));
  }

  /** One request, whatever the namespace holds. */
  async clear(): Promise<void> {
    this.#looking = undefined;
    await this.#client.invalidateKey(this.#generationKey);
    this.#looking = undefined;
  }

  /**
   * Keys and items in no order, for looking around; those whose keys memcached cannot hold as they are do not show.
   *
   * @throws {UnsupportedError | ServerError} of a server that does not list its keys, when its turn comes.
   */
  async *entries(): AsyncGenerator<[key: string, item: StoredItem], void, undefined> {
    let page: string[] = [];
    for await (const name of this.#client.keys()) {
      if (!name.startsWith(this.#prefix)) continue;
      page.push(name.slice(this.#prefix.length));
      if (page.length < PAGE) continue;
      yield* this.#found(page);
      page = [];
    }
    yield* this.#found(page);
  }

  async *#found(keys: readonly string[]): AsyncGenerator<[string, StoredItem], void, undefined> {
    const items = await this.getMany(keys);
    for (const [index, item] of items.entries()) if (item !== undefined) yield [keys[index], item];
  }

  #remove(key: string): Promise<boolean> {
    return unlessAway(this.#client.invalidateKey(this.#prefix + key), false);
  }

  /**
   * The generation, looked at once for all who begin in one turn. No longer than that: whoever begins after a `clear` has
   * returned must not be told what was read before it.
   */
  #lookAtGeneration(): Look {
    if (this.#looking !== undefined) return this.#looking;
    // Queued before the read can queue its own departure: the turn has ended when the read leaves.
    void RESOLVED.then(() => (this.#looking = undefined));
    const look = (this.#looking = new Look());
    // Known as soon as it is read, so that what was stored in the same trip does not wait for it once more.
    look.finding = this.#readGeneration().then((known) =>
      known === undefined ? this.#newGeneration() : (look.found = this.#generation = known),
    );
    // Whoever looks learns of a failure; some have failed by then for a reason of their own.
    look.finding.catch(() => undefined);
    return look;
  }

  #readGeneration(): Promise<string | undefined> {
    return this.#client.get<string>(this.#generationKey, { codec: textCodec });
  }

  async #newGeneration(): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const made = randomText();
      // One that was not taken is worth nothing to anybody: what is stored under it is a miss.
      if (attempt === ATTEMPTS) return made;
      if (await this.#client.add(this.#generationKey, made, { codec: textCodec }))
        return (this.#generation = made);
      const known = await this.#readGeneration();
      if (known !== undefined) return (this.#generation = known);
    }
  }

  /** Values that cannot be stored would otherwise be loaded for ever, and nobody would know why. */
  #warn(error: Error): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`not stored: ${error.message}`, 'MemcachedWarning');
  }
}

/** A question for the generation of a namespace. */
class Look {
  /** The answer, unless one has to be made. */
  found: string | undefined;
  finding!: Promise<string>;
}

/** What is known while a server is away. */
const NOTHING = [undefined, undefined] as const;

function isAlive(item: Item | undefined, generation: string | undefined): item is Item {
  if (item === undefined || item.generation !== generation) return false;
  return item.expires === undefined || item.expires > callersNow();
}

/** What a server that is away, or that cannot be understood, is worth: the answer of one that has nothing. */
async function unlessAway<Answer, Otherwise>(
  answer: Promise<Answer>,
  otherwise: Otherwise,
): Promise<Answer | Otherwise> {
  try {
    return await answer;
  } catch (error) {
    if (isMistake(error)) throw error;
    return otherwise;
  }
}
