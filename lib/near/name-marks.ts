/** How many marks there are. Names that share one are changed together. */
const MARKS = 16_384;

/** FNV-1a, 32 bits. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** When keys and tags were last changed, as far as this process knows: in as much memory for a thousand as for a million. */
export class NameMarks {
  readonly #at = new Float64Array(MARKS);

  /** The mark of a key. */
  of(key: string): number {
    return hashed(OFFSET_BASIS, key);
  }

  /** The mark of a tag. */
  ofTag(tag: string): number {
    return hashed(hashed(OFFSET_BASIS, 'tag:'), tag);
  }

  at(mark: number): number {
    return this.#at[mark & (MARKS - 1)];
  }

  set(mark: number, moment: number): void {
    this.#at[mark & (MARKS - 1)] = moment;
  }
}

function hashed(seed: number, text: string): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  }
  return hash ^ (hash >>> 15);
}
