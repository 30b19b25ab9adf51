import type { CacheEntry, CacheReading, CacheStore, TagState } from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import type { CommandOptions, CounterOptions } from '../client/command-options.js';
import type { Lookup } from '../client/results.js';
import type { Codec } from '../client/codec/codec.js';
import { ConnectionError, ServerError } from '../errors.js';
import { EntryCodec } from './entry-codec.js';
import { LostLeases } from './lost-leases.js';

/** What the keys of tags, of locks and of signs of life begin with, so that they do not meet those of values. */
const TAG_PREFIX = '~tag:';
const LOCK_PREFIX = '~lock:';
const ALIVE_PREFIX = '~alive:';

/** How long a tag's version is kept: the longest memcached takes as relative. Losing it costs its values one load. */
const TAG_SECONDS = 60 * 60 * 24 * 30;

/** A tag can be bumped between the read that misses it and the add that makes it, but hardly so many times. */
const TAG_ATTEMPTS = 4;

/** A counter is no counter while somebody's stub is in its place, which can come back, but hardly so many times. */
const COUNT_ATTEMPTS = 4;

/** Random bytes of a version: two are never the same, whatever was lost and whatever clocks say. */
const VERSION_BYTES = 12;

/** Versions and tokens are plain text. */
const textCodec: Codec = {
  encode: (value) => ({ data: Buffer.from(value as string, 'latin1'), flags: 16 }),
  decode: (data) => data.toString('latin1'),
};

/**
 * The cache's store on memcached.
 *
 * A tag is an item that holds its version, a random one; bumping it is deleting it, which is something that the client
 * does later if it cannot be done now. Who misses a tag adds it with a version of its own. A soft bump replaces the
 * version and names the one before; where that fails, the tag is deleted.
 */
export class ClientStore implements CacheStore {
  readonly #client: MemcachedClient;
  readonly #codec: Codec;
  readonly #lost: LostLeases;

  constructor(client: MemcachedClient) {
    this.#client = client;
    this.#codec = new EntryCodec(client.codec);
    this.#lost = new LostLeases(client);
  }

  read(key: string, leaseSeconds: number, recacheSeconds: number): Promise<CacheReading> {
    return this.#client.leaseGet<CacheEntry>(key, { leaseSeconds, recacheSeconds, codec: this.#codec });
  }

  write(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    cas: string,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return this.#client.cas(key, entry, cas, { ttl: toTtl(ttlSeconds), codec: this.#codec });
  }

  async set(key: string, entry: CacheEntry, ttlSeconds: number): Promise<boolean> {
    let failure: unknown;
    try {
      if (await this.#client.set(key, entry, { ttl: toTtl(ttlSeconds), codec: this.#codec })) return true;
    } catch (error) {
      failure = error;
    }
    // The value it should have replaced must not be there when the server is back.
    await this.#client.invalidateKey(key);
    if (failure !== undefined) throw failure as Error;
    return false;
  }

  release(key: string, cas: string, keepSeconds: number | 'rest'): Promise<boolean> {
    const stale = keepSeconds === 'rest' ? keepSeconds : toTtl(keepSeconds);
    return this.#client.invalidateKey(key, { cas, stale });
  }

  async prolong(key: string, leaseSeconds: number): Promise<void> {
    await this.#client.touch(key, leaseSeconds * 1000);
  }

  async announce(key: string, cas: string, leaseSeconds: number): Promise<void> {
    await this.#client.set(ALIVE_PREFIX + key, cas, { ttl: toTtl(leaseSeconds), codec: textCodec });
  }

  async isAnnounced(key: string, cas: string): Promise<boolean> {
    return (await this.#client.get(ALIVE_PREFIX + key, { codec: textCodec })) === cas;
  }

  disown(key: string, error: unknown, isUsed: (cas: string) => boolean): void {
    this.#lost.add(key, error, isUsed);
  }

  remove(key: string): Promise<boolean> {
    return this.#client.invalidateKey(key);
  }

  async markStale(key: string, keepSeconds: number): Promise<void> {
    await this.#client.invalidateKey(key, { stale: toTtl(keepSeconds) });
  }

  /** Everything that memcached knows of an entry, and the value. */
  async lookup(key: string, options?: CommandOptions): Promise<Lookup<unknown>> {
    const found = await this.#client.lookup<CacheEntry | undefined>(key, { ...options, codec: this.#codec });
    if (!found.hit || isMark(found.value)) return { hit: false };
    return { ...found, value: found.value?.value };
  }

  metadebug(key: string, options?: CommandOptions): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#client.metadebug(key, options);
  }

  /** Counts; a stub that stands for a lease is no counter, and is replaced by `initial`. */
  async count(
    command: 'incr' | 'decr',
    key: string,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): Promise<number | bigint | undefined> {
    const count = (): Promise<number | bigint | undefined> =>
      this.#client[command](key, by as number, options);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await count();
      } catch (error) {
        if (!(error instanceof ServerError) || attempt === COUNT_ATTEMPTS) throw error;
        const there = await this.read(key, 0, 0);
        if (there.hit && !isMark(there.value)) throw error;
        if (options?.initial === undefined) return undefined;
        if (!there.busy && !there.hit) continue;
        // Only the stub or the mark goes: whoever holds the lease stores nothing any more, and the counter begins.
        await this.release(key, there.cas, 0);
      }
    }
  }

  async tagState(tag: string): Promise<TagState> {
    const key = TAG_PREFIX + tag;
    for (let attempt = 0; attempt < TAG_ATTEMPTS; attempt += 1) {
      const known = await this.#client.leaseGet<string>(key, { leaseSeconds: 0, codec: textCodec });
      if (known.hit) return readState(tag, known);
      const version = randomText();
      if (await this.#client.add(key, version, { ttl: toTtl(TAG_SECONDS), codec: textCodec })) {
        return { tag, version, ageSeconds: 0, staleVersion: undefined };
      }
    }
    throw new ConnectionError(
      `tag "${tag}": its server neither has it nor takes it`,
      this.#client.serverFor(key),
      'unknown',
    );
  }

  async bumpTag(tag: string, softSeconds: number): Promise<void> {
    if (softSeconds > 0 && (await this.#bumpSoftly(tag, softSeconds))) return;
    await this.#client.invalidateKey(TAG_PREFIX + tag);
  }

  async lock(key: string, ttlSeconds: number): Promise<string | undefined> {
    const token = randomText();
    const options = { ttl: toTtl(ttlSeconds), codec: textCodec };
    return (await this.#client.add(LOCK_PREFIX + key, token, options)) ? token : undefined;
  }

  async unlock(key: string, token: string): Promise<boolean> {
    const held = await this.#client.gets<string>(LOCK_PREFIX + key, { codec: textCodec });
    if (held?.value !== token) return false;
    return this.#client.delete(LOCK_PREFIX + key, { cas: held.cas });
  }

  /** @returns false when it cannot be done, and the tag has to be bumped for good. */
  async #bumpSoftly(tag: string, softSeconds: number): Promise<boolean> {
    const key = TAG_PREFIX + tag;
    try {
      const known = await this.#client.gets<string>(key, { codec: textCodec });
      if (known === undefined) return true; // no value can bear it
      const [version] = known.value.split(' ');
      const bumped = `${randomText()} ${softSeconds} ${version}`;
      const options = { ttl: toTtl(TAG_SECONDS), codec: textCodec };
      return (await this.#client.cas(key, bumped, known.cas, options)) === 'stored';
    } catch {
      return false;
    }
  }
}

/** Seconds as the client takes them; 0, which never ends, is no ttl at all. */
function toTtl(seconds: number): number | undefined {
  return seconds === 0 ? undefined : seconds * 1000;
}

/** Whether an entry is no value, but says that there is none to be had. */
function isMark(entry: CacheEntry | undefined): boolean {
  return entry !== undefined && entry.kind.startsWith('hit-for-miss');
}

function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(VERSION_BYTES))).toString('base64url');
}

/** Reads a tag's item: its version, and after a soft bump for how many seconds which version before is merely stale. */
function readState(tag: string, { value, ttlSeconds }: { value?: string; ttlSeconds: number }): TagState {
  const [version, soft, before] = (value as string).split(' ');
  const ageSeconds = ttlSeconds < 0 ? 0 : Math.max(0, TAG_SECONDS - ttlSeconds);
  const staleVersion =
    before !== undefined && ttlSeconds >= 0 && ageSeconds < Number(soft) ? before : undefined;
  return { tag, version, ageSeconds, staleVersion };
}
