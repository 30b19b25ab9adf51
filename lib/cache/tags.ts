import { BoundedMap } from '../bounded-map.js';
import type { NearCache } from '../near/near-cache.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import { TurnReads } from './turn-reads.js';
import type { CacheReading, CacheStore, TagState, TagVersion } from './store.js';

/** States of no tags. */
export const NO_TAGS: TagStates = new Map();

/** Keys whose late tags are remembered at most. */
const MAX_REMEMBERED = 10_000;

/**
 * Which tags a value bears, and which versions they have.
 *
 * A value is stored with the versions that its tags had before its load began, and is worth nothing once one of them
 * is another: an invalidation costs one bump per tag, however many values bear it.
 */
export class Tags {
  readonly #store: CacheStore;
  readonly #namespaces: readonly (readonly [prefix: string, tag: string])[];
  readonly #turn = new TurnReads<Promise<TagState>>();
  readonly #near: NearCache | undefined;
  readonly #late = new BoundedMap<string, readonly string[]>(MAX_REMEMBERED);
  /** No key has tags but those of its policy: there are no namespaces, and no load came up with late ones. */
  areOfPolicies: boolean;

  constructor(store: CacheStore, namespaces: readonly string[], near: NearCache | undefined) {
    this.#near = near;
    this.#store = store;
    this.#namespaces = namespaces.map((prefix) => [prefix, namespaceTag(prefix)] as const);
    this.areOfPolicies = namespaces.length === 0;
  }

  /** The tags that every value of this key must bear: the policy's, and the namespaces'. */
  required(key: string, policy: ResolvedPolicy): readonly string[] {
    return this.requiredBeside(key, policy.tags);
  }

  /** Some tags, and those of the namespaces that a key is in. */
  requiredBeside(key: string, tags: readonly string[]): readonly string[] {
    if (this.#namespaces.length === 0) return tags;
    const own = this.#namespaces.filter(([prefix]) => key.startsWith(prefix)).map(([, tag]) => tag);
    return own.length === 0 ? tags : [...tags, ...own];
  }

  /** The tags to be read together with a key: those required, and those its last load came up with. */
  expected(key: string, required: readonly string[]): readonly string[] {
    const late = this.#late.size === 0 ? undefined : this.#late.get(key);
    return late === undefined ? required : [...required, ...late];
  }

  /** Reads the states of tags, each once per turn. */
  async states(tags: Iterable<string>): Promise<TagStates> {
    const names = [...new Set(tags)];
    const states = await Promise.all(names.map((tag) => this.#state(tag)));
    return new Map(names.map((tag, index) => [tag, states[index]]));
  }

  /**
   * The versions of tags that were named only after a load.
   *
   * @param loadedForMs how long ago the load began.
   * @returns undefined when one of the tags may have been bumped since then: by how long ago the store counts the bump,
   * less the second it may be off. A tag that is new to the store counts as bumped, since it may have been lost.
   */
  async provenSince(
    loadedForMs: () => number,
    tags: readonly string[],
  ): Promise<readonly TagVersion[] | undefined> {
    const states = await Promise.all(tags.map((tag) => this.#store.tagState(tag)));
    const loadedMs = loadedForMs();
    return states.every(({ ageSeconds }) => (ageSeconds - 1) * 1000 >= loadedMs)
      ? states.map(({ tag, version }) => ({ tag, version }))
      : undefined;
  }

  /** Remembers what a load came up with, so that the next one of the key finds the versions read beforehand. */
  remember(key: string, late: readonly string[]): void {
    this.#late.delete(key);
    if (late.length === 0) return;
    this.areOfPolicies = false;
    this.#late.set(key, late);
  }

  /** Gives a tag a version it never had; values with the one before may be stale for `softSeconds`. */
  async bump(tag: string, softSeconds: number): Promise<void> {
    this.#turn.reads.delete(tag);
    this.#near?.forgetTag(tag, false);
    try {
      await this.#store.bumpTag(tag, softSeconds);
    } finally {
      this.#near?.forgetTag(tag, true);
    }
  }

  #state(tag: string): Promise<TagState> {
    const { reads } = this.#turn;
    let state = reads.get(tag);
    if (state === undefined) {
      if (reads.size === 0) this.#turn.begin();
      reads.set(tag, (state = this.#store.tagState(tag)));
    }
    return state;
  }
}

/** States of tags by their names. */
export type TagStates = ReadonlyMap<string, TagState>;

/** The tags of what a read has found. */
export function tagsOf({ value }: CacheReading): readonly string[] {
  return value === undefined ? [] : value.tags.map(({ tag }) => tag);
}

/** What a value that is stored now bears: the versions that its tags had when their states were read. */
export function versionsOf(tags: readonly string[], states: TagStates): readonly TagVersion[] {
  return tags.map((tag) => ({ tag, version: (states.get(tag) as TagState).version }));
}

/** The tag on everything under a prefix. */
export function namespaceTag(prefix: string): string {
  return `${prefix}*`;
}
