/**
 * What a store does for a near cache in front of it: it keeps epochs on the servers of the keys they are about, and whoever
 * changes a key through it bumps the key's epoch, after the key and before he is told that it has changed.
 */
export interface EpochStore {
  /** A key's epoch; undefined while its own server does not answer for it. */
  epochOfKey(key: string): EpochPlace | undefined;

  /** A tag's epoch, likewise. */
  epochOfTag(tag: string): EpochPlace | undefined;

  /**
   * Reads the mark of a server and some of its epochs in one request: undefined for each that is not there, `''` for one that
   * cannot be told. Rejects when the server cannot be asked.
   */
  readEpochs(server: string, shards: readonly number[]): Promise<EpochReading>;

  /** Puts an epoch that never was where there is none. @returns it; undefined when there was one. */
  addEpoch(server: string, shard: number): Promise<string | undefined>;

  /** Puts the mark where there is none. @returns it; undefined when there was one. */
  addMark(server: string): Promise<string | undefined>;

  /** Milliseconds for which a server's mark has been there at least, by its clock; 0 where it cannot tell. */
  markAgeMs(server: string): Promise<number>;

  /** Whether a server tells how long its values have left. */
  tellsTtl(server: string): boolean;

  /** Has the mark of a server last. */
  keepMark(server: string): Promise<void>;

  /** Tells whenever a server begins or ceases to answer for its keys, or keys get other servers. */
  onServersChange(listener: (keysMoved: boolean) => void): void;

  /**
   * Tells of changes that took effect, or may have, after whoever made them was told that they had: of what a server was owed, once
   * it has it, and of what nobody knows when it was done.
   *
   * @param listener is told the key, or the tag; neither of them where it is not known which it was.
   */
  onLateChange(listener: (change: LateChange) => void): void;

  /** Whether a server is owed changes, which may take effect without being told of any more once the near cache is closed. */
  owesChanges(): boolean;
}

/** What was changed late. */
export interface LateChange {
  readonly key?: string;
  readonly tag?: string;
}

/** Where an epoch is kept. */
export interface EpochPlace {
  readonly server: string;
  readonly shard: number;
}

/** What a server has of those that it was asked for. */
export interface EpochReading {
  readonly mark: string | undefined;
  readonly epochs: readonly (string | undefined)[];
}
