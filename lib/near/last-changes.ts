import { createHash } from 'node:crypto';
import { NameHash } from './name-hash.js';

/** How many moments are kept. Names that share one are changed together. */
const SLOTS = 16_384;

/**
 * When keys and tags were last changed, as far as this process knows: in as much memory for a thousand as for a million.
 *
 * They go by their hashes, which are all that other processes are told.
 */
export class LastChanges {
  readonly #at = new Float64Array(SLOTS);
  readonly #hash: NameHash;

  /** @param secret without which nobody can tell which name a hash belongs to. */
  constructor(secret: string) {
    this.#hash = new NameHash(createHash('sha256').update(secret, 'utf8').digest());
  }

  /** Half the hash of a key: it stands for the name here. The other half is `high`. */
  hashOfKey(key: string): number {
    this.#hash.update(`k${key}`);
    return this.#hash.low;
  }

  /** Likewise of a tag. */
  hashOfTag(tag: string): number {
    this.#hash.update(`t${tag}`);
    return this.#hash.low;
  }

  /** The other half of the hash that was made last. */
  get high(): number {
    return this.#hash.high;
  }

  /** @returns when a name of this hash was last changed. */
  at(hash: number): number {
    return this.#at[hash & (SLOTS - 1)];
  }

  set(hash: number, moment: number): void {
    this.#at[hash & (SLOTS - 1)] = moment;
  }
}
