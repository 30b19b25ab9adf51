import type { MemcachedClient } from '../client/client.js';

/** Where applications with one prefix find each other; no key of a value begins so. */
const KEY = '~application';

/** How long a mark stays of an application that does not start again. */
const TTL = '30d';

/** So many names tell an application apart. */
const MAX_NAMES = 200;

/** So many of them are shown. */
const SHOWN = 3;

/**
 * What an application leaves beside its values, under the prefix of its keys, so that another one that stores under the same
 * keys is noticed.
 *
 * Two are the same application if they have its name (the option `application`), or one of the names that they are known by
 * in common: processes of one application, its versions before and after a deploy, and those that share code on purpose are
 * not strangers.
 */
export class ApplicationMark {
  readonly #client: MemcachedClient;
  readonly #name: string | undefined;
  readonly #identity: readonly string[];

  constructor(client: MemcachedClient, name: string | undefined, identity: readonly string[]) {
    this.#client = client;
    this.#name = name;
    this.#identity = identity.slice(0, MAX_NAMES);
  }

  /**
   * Leaves it, in the place of another's: where that one is gone for good, it is told of once.
   *
   * @returns what the other is known by, if there is one and it is a stranger.
   */
  async leave(): Promise<string | undefined> {
    if (this.#name === undefined && this.#identity.length === 0) return undefined;
    const mine = JSON.stringify({ name: this.#name, traits: this.#identity });
    if (await this.#client.add(KEY, mine, { ttl: TTL })) return undefined;
    const found = read(await this.#client.get(KEY));
    await this.#client.set(KEY, mine, { ttl: TTL });
    if (found === undefined || this.#isOf(found)) return undefined;
    const shown = found.traits.slice(0, SHOWN).join(', ');
    return found.name ?? (found.traits.length > SHOWN ? `${shown}, …` : shown);
  }

  #isOf({ name, traits }: Mark): boolean {
    if (name !== undefined && this.#name !== undefined) return name === this.#name;
    return traits.some((each) => this.#identity.includes(each));
  }
}

interface Mark {
  readonly name: string | undefined;
  readonly traits: readonly string[];
}

/** @returns undefined for what no application has left. */
function read(text: unknown): Mark | undefined {
  try {
    const { name, traits } = JSON.parse(text as string) as { name?: unknown; traits?: unknown };
    if (!Array.isArray(traits) || !traits.every((trait) => typeof trait === 'string')) return undefined;
    return { name: typeof name === 'string' ? name : undefined, traits };
  } catch {
    return undefined;
  }
}
