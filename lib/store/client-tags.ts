import type { TagState } from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import { ConnectionError } from '../errors.js';
import { randomText, textCodec } from '../client/random-text.js';
import { LONGEST_SECONDS, toTtl } from './ttl.js';

/** What the items of tags begin with. */
const TAG_PREFIX = '~tag:';

/** How long a tag's version is kept: the longest memcached takes as relative. Losing it costs its values one load. */
const TAG_SECONDS = LONGEST_SECONDS;

/** A tag can be bumped between the read that misses it and the add that makes it, but hardly so many times. */
const TAG_ATTEMPTS = 4;

/**
 * Tags as items, each of which holds its version, a random one. Bumping it is deleting it, which is something that the client
 * does later if it cannot be done now. Who misses a tag adds it with a version of its own. A soft bump replaces the version
 * and names the one before; where that fails, the tag is deleted.
 */
export class ClientTags {
  readonly #client: MemcachedClient;
  readonly #isAway: (name: string) => boolean;

  /** @param isAway whether the own server of an item is away. */
  constructor(client: MemcachedClient, isAway: (name: string) => boolean) {
    this.#client = client;
    this.#isAway = isAway;
  }

  /** The name of a tag's item. */
  nameOf(tag: string): string {
    return TAG_PREFIX + tag;
  }

  /** The tag of an item; undefined for the item of something else. */
  tagOf(name: string): string | undefined {
    return name.startsWith(TAG_PREFIX) ? name.slice(TAG_PREFIX.length) : undefined;
  }

  async state(tag: string): Promise<TagState> {
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

  async bump(tag: string, softSeconds: number): Promise<void> {
    const key = TAG_PREFIX + tag;
    // Another server may answer in the place of one that is away, which is then owed the bump, and nothing is in the answer.
    if (softSeconds > 0 && !this.#isAway(key) && (await this.#bumpSoftly(key, softSeconds))) return;
    await this.#client.invalidateKey(key);
  }

  /** @returns false when it cannot be done, and the tag has to be bumped for good; so has one that is not there. */
  async #bumpSoftly(key: string, softSeconds: number): Promise<boolean> {
    try {
      const known = await this.#client.gets<string>(key, { codec: textCodec });
      if (known === undefined) return false;
      const [version] = known.value.split(' ');
      const bumped = `${randomText()} ${softSeconds} ${version}`;
      const options = { ttl: toTtl(TAG_SECONDS), codec: textCodec };
      return (await this.#client.cas(key, bumped, known.cas, options)) === 'stored' && !this.#isAway(key);
    } catch {
      return false;
    }
  }
}

/** The state of a tag without making one of it: undefined where it has none. */
export async function lookAtTag(client: MemcachedClient, tag: string): Promise<TagState | undefined> {
  const name = TAG_PREFIX + tag;
  const server = client.looks.answering(name) ?? client.serverFor(name);
  const item = await client.looks.at(server, name, {}, (data) => data.toString('latin1'));
  if (!item.there) return undefined;
  return readState(tag, { value: item.note, ttl: item.ttl });
}

/** Reads a tag's item: its version, and after a soft bump for how many seconds which version before is merely stale. */
function readState(tag: string, { value, ttl }: { value?: string; ttl: number | undefined }): TagState {
  const [version, soft, before] = (value as string).split(' ');
  const ageSeconds = ttl === undefined ? 0 : Math.max(0, TAG_SECONDS - ttl / 1000);
  const staleVersion =
    before !== undefined && ttl !== undefined && ageSeconds < Number(soft) ? before : undefined;
  return { tag, version, ageSeconds, staleVersion };
}
