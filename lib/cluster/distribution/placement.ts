/** Where keys go among a fixed list of servers. Knows no network and no clock. */
export interface Placement {
  /** @returns the index into the servers as given, or -1 when no server can take the key. */
  indexFor(key: string): number;
  /**
   * The same when the servers for which `isDown` says true are out, found as the real client finds it.
   *
   * @returns the index of a server that is not down, or -1 when that client would give up.
   */
  indexWithout(key: string, isDown: (index: number) => boolean): number;
  /** The servers' weights as they count here, whatever was given: their shares of the keys, against each other; 0 for no key. */
  readonly weights: readonly number[];
  /** Sentences about what the user will not have meant, such as a positive weight that gets no key at all. */
  readonly warnings: readonly string[];
}
