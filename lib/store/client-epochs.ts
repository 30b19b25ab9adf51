import type { MemcachedClient } from '../client/client.js';
import type { EpochPlace, EpochReading, EpochStore, LateChange } from '../near/epoch-store.js';
import { randomText } from '../client/random-text.js';

/** How long a mark stands after the last near cache has renewed it. */
const MARK_SECONDS = 60 * 60 * 24;

/** Epochs on memcached. Bumping one is deleting it, which is something that the client does later if it cannot be done now. */
export class ClientEpochs implements EpochStore {
  readonly #client: MemcachedClient;
  readonly #nameOfKey: (key: string) => string;
  readonly #nameOfTag: (tag: string) => string;
  readonly #onLateChange: ((change: LateChange) => void)[] = [];

  /** @param nameOfKey the name of a key's item. @param nameOfTag that of a tag's. */
  constructor(
    client: MemcachedClient,
    nameOfKey: (key: string) => string,
    nameOfTag: (tag: string) => string,
  ) {
    this.#client = client;
    this.#nameOfKey = nameOfKey;
    this.#nameOfTag = nameOfTag;
  }

  epochOfKey(key: string): EpochPlace | undefined {
    return this.#client.epochs.placeOf(this.#nameOfKey(key));
  }

  epochOfTag(tag: string): EpochPlace | undefined {
    return this.#client.epochs.placeOf(this.#nameOfTag(tag));
  }

  readEpochs(server: string, shards: readonly number[]): Promise<EpochReading> {
    return this.#client.epochs.read(server, shards);
  }

  async addEpoch(server: string, shard: number): Promise<string | undefined> {
    const epoch = randomText();
    return (await this.#client.epochs.addEpoch(server, shard, epoch)) ? epoch : undefined;
  }

  async addMark(server: string): Promise<string | undefined> {
    const mark = randomText();
    return (await this.#client.epochs.addMark(server, mark, MARK_SECONDS)) ? mark : undefined;
  }

  async markAgeMs(server: string): Promise<number> {
    const left = await this.#client.epochs.markSeconds(server);
    // Of the two whole seconds it is not known how much of each has gone.
    return left === undefined ? 0 : Math.max(0, MARK_SECONDS - left - 1) * 1000;
  }

  tellsTtl(server: string): boolean {
    return this.#client.topology().find((node) => node.server === server)?.dialect === 'meta';
  }

  async keepMark(server: string): Promise<void> {
    await this.#client.epochs.keepMark(server, MARK_SECONDS);
  }

  onServersChange(listener: (keysMoved: boolean) => void): void {
    this.#client.epochs.onMove(() => listener(true));
    this.#client.on('node', () => listener(false));
  }

  onLateChange(listener: (change: LateChange) => void): void {
    this.#onLateChange.push(listener);
    this.#client.epochs.onDelivered(() => listener({}));
  }

  owesChanges(): boolean {
    return this.#client.topology().some(({ owed }) => owed > 0);
  }

  /** Tells of an item that may have been changed, or may be only now. */
  async changedLate(name: string, change: LateChange): Promise<void> {
    await this.#client.epochs.changed(name);
    for (const tell of this.#onLateChange) tell(change);
  }
}
