import { fnv1aOf32Units } from './distribution/hash/utf16.js';

/** How many epochs each server has. One number for all processes, since who invalidates and who reads must mean the same. */
const EPOCHS_PER_SERVER = 256;

/**
 * What the items are called by which near caches are told of changes: on each server a mark, that there are near caches at all,
 * and the epochs. A key has one of the epochs of its own server, so that a server that is away takes none but its own along.
 */
export class EpochNames {
  readonly #epochs: readonly string[];
  readonly #names: ReadonlySet<string>;
  /** The wire key of the mark. */
  readonly mark: string;

  /** @param wireKeyOf makes a wire key of a name, with the prefix that all keys of the client have. */
  constructor(wireKeyOf: (name: string) => string) {
    this.mark = wireKeyOf('~near');
    this.#epochs = Array.from({ length: EPOCHS_PER_SERVER }, (_, shard) => wireKeyOf(`~epoch:${shard}`));
    this.#names = new Set(this.#epochs);
  }

  /** The wire key of an epoch. */
  of(shard: number): string {
    return this.#epochs[shard];
  }

  /** Which epoch a key has, by its wire key. */
  shardOf(wireKey: string): number {
    const hash = fnv1aOf32Units(wireKey);
    // The low bits alone hang on the low bits of the characters.
    return (hash ^ (hash >>> 16)) & (EPOCHS_PER_SERVER - 1);
  }

  /** Whether a wire key is that of an epoch, which has none itself. */
  isEpoch(wireKey: string): boolean {
    return this.#names.has(wireKey);
  }
}
