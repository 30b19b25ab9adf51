import { createHash } from 'node:crypto';
import { NameHash } from './name-hash.js';

/** How many marks there are. Names that share one are changed together. */
const MARKS = 16_384;

/**
 * When keys and tags were last changed, as far as this process knows: in as much memory for a thousand as for a million.
 *
 * They go by their hashes, which are all that other processes are told.
 */
export class NameMarks {
  readonly #at = new Float64Array(MARKS);
  readonly #hash: NameHash;

  /** @param secret without which nobody can tell which name a hash belongs to. */
  constructor(secret: string) {
    this.#hash = new NameHash(createHash('sha256').update(secret, 'utf8').digest());
  }

  /** The mark of a key. */
  of(key: string): number {
    this.#hash.update(`k${key}`);
    return this.#hash.low;
  }

  /** The mark of a tag. */
  ofTag(tag: string): number {
    this.#hash.update(`t${tag}`);
    return this.#hash.low;
  }

  /** The other half of the hash that was made last. */
  get high(): number {
    return this.#hash.high;
  }

  at(mark: number): number {
    return this.#at[mark & (MARKS - 1)];
  }

  set(mark: number, moment: number): void {
    this.#at[mark & (MARKS - 1)] = moment;
  }
}
