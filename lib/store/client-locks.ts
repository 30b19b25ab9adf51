import type { HeldLock } from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import type { ValueWithCas } from '../client/results.js';
import { ConnectionError } from '../errors.js';
import { mayBeDone, type LostLeases } from './lost-leases.js';
import { randomText, textCodec } from '../client/random-text.js';
import { toTtl } from './ttl.js';

/** What the items of locks begin with. */
const LOCK_PREFIX = '~lock:';

/** Rejects while the server is away, whatever failover says: a lock that may have been taken has to be released. */
const STRICT = { strict: true } as const;

const TOKEN = { ...STRICT, codec: textCodec } as const;

/** Locks as items, each of which holds its holder's token; its cas is the fence. */
export class ClientLocks {
  readonly #client: MemcachedClient;
  readonly #lost: LostLeases;
  readonly #isAway: (name: string) => boolean;

  /** @param isAway whether the own server of an item is away. */
  constructor(client: MemcachedClient, lost: LostLeases, isAway: (name: string) => boolean) {
    this.#client = client;
    this.#lost = lost;
    this.#isAway = isAway;
  }

  async take(key: string, ttlSeconds: number): Promise<HeldLock | undefined> {
    const name = LOCK_PREFIX + key;
    // A lock on another server, or one that is only pretended, excludes nobody who sees this one.
    if (this.#isAway(name)) throw lockIsAway(key, this.#client.serverFor(name));
    const token = randomText();
    // memcached counts whole seconds: what it is to keep for some ends up to one earlier.
    const options = { ...TOKEN, ttl: toTtl(ttlSeconds + 1) };
    let added = false;
    let held: ValueWithCas<string> | undefined;
    try {
      added = await this.#client.add(name, token, options);
      held = await this.#client.gets<string>(name, TOKEN);
    } catch (error) {
      // It may hold all the same, and nobody would release it.
      if (added || mayBeDone(error)) this.#lost.repair(`${name} ${token}`, () => this.release(key, token));
      throw error;
    }
    if (added && held?.value === token) return { token, fence: Number.parseInt(held.cas, 10) };
    if (this.#isAway(name)) throw lockIsAway(key, this.#client.serverFor(name));
    return undefined;
  }

  async prolong(key: string, token: string, ttlSeconds: number): Promise<boolean> {
    const name = LOCK_PREFIX + key;
    const held = await this.#client.gets<string>(name, TOKEN);
    if (held?.value !== token) return false;
    const options = { ...TOKEN, ttl: toTtl(ttlSeconds + 1) };
    return (await this.#client.cas(name, token, held.cas, options)) === 'stored';
  }

  async release(key: string, token: string): Promise<boolean> {
    const held = await this.#client.gets<string>(LOCK_PREFIX + key, TOKEN);
    if (held?.value !== token) return false;
    return this.#client.delete(LOCK_PREFIX + key, { ...STRICT, cas: held.cas });
  }
}

function lockIsAway(key: string, server: string): ConnectionError {
  return new ConnectionError(
    `lock "${key}": its server ${server} is away, and no other can speak for it`,
    server,
    'not-sent',
  );
}
