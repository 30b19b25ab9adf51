import type { Cluster } from '../cluster/cluster.js';
import { InvalidArgumentError, UnsupportedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Codec } from './codec/codec.js';
import type { CommandOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { KeyListing } from './key-listing.js';
import type { RequestMaker } from './request-maker.js';
import type { Lookup } from './results.js';

/**
 * Looks at items without their values: on the server that is named, whichever has the key, and nobody answers in its place.
 * For whoever is on call, who asks about a server as much as about a key.
 */
export class ItemLooks {
  /** Which items there are. */
  readonly keys: KeyListing;
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;
  readonly #requests: RequestMaker;

  constructor(
    cluster: Cluster,
    dispatcher: Dispatcher,
    requests: RequestMaker,
    options: ResolvedClientOptions,
  ) {
    this.keys = new KeyListing(cluster, dispatcher, options);
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
    this.#requests = requests;
  }

  /** The servers with their weights as they were given or found, whatever the distribution makes of those. */
  get servers(): readonly ServerAddress[] {
    return this.#cluster.nodes.map(({ server }) => server);
  }

  /** The server that takes commands for a key now: its own, unless that is away and failover is `next`. */
  answering(key: string): string | undefined {
    return this.#dispatcher.nodeFor(this.#requests.fullKey(key))?.server.id;
  }

  /**
   * What a server says of an item. The look counts as no access, except in the classic dialect, where it is a read, and tells
   * size and flags alone.
   *
   * @param server `host:port`, of the client's list.
   * @param read what is to be known of the bytes, as `note`.
   * @throws {InvalidArgumentError} for another server. {MemcachedError} when it is away, also under failover.
   */
  async at<Note = undefined>(
    server: string,
    key: string,
    options: CommandOptions = {},
    read: (data: Buffer, flags: number) => Note = () => undefined as Note,
  ): Promise<ItemFacts<Note>> {
    const limits = await this.#dispatcher.ready('lookup', options);
    const node = this.#cluster.nodes.find((each) => each.server.id === server);
    if (node === undefined)
      throw new InvalidArgumentError(`lookup: '${server}' is none of this client's servers`);
    const codec: Codec = {
      encode: () => {
        throw new UnsupportedError('looks store nothing');
      },
      decode: (data, flags) => ({ size: data.length, flags, note: read(data, flags) }),
    };
    type Bytes = Pick<FoundItem<Note>, 'size' | 'flags' | 'note'>;
    const ask = (kind: 'lookup' | 'get'): Promise<unknown> =>
      this.#dispatcher.send(this.#requests.make(kind, key, { codec }), { ...limits, strict: true }, node);
    try {
      const item = (await ask('lookup')) as Lookup<Bytes>;
      if (!item.hit) return { there: false };
      const { value, ttl, lastAccessSeconds, hitBefore, stale } = item;
      return { there: true, ...value, ttl, lastAccessSeconds, readBefore: hitBefore, stale };
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
    }
    const bytes = (await ask('get')) as Bytes | undefined;
    return bytes === undefined ? { there: false } : { there: true, ...bytes };
  }
}

/** What a server says of an item; nothing of a stub that stands for a lease. */
export type ItemFacts<Note = undefined> = { readonly there: false } | FoundItem<Note>;

interface FoundItem<Note> {
  readonly there: true;
  /** Size of the stored value in bytes. */
  readonly size: number;
  /** Client flags. */
  readonly flags: number;
  readonly note: Note;
  /** Milliseconds left, in whole seconds; `undefined` where it never expires, and where nothing below is known. */
  readonly ttl?: number | undefined;
  /** Absent in the classic dialect, as is all that follows. */
  readonly lastAccessSeconds?: number;
  /** Whether it had been read before. */
  readonly readBefore?: boolean;
  /** Marked stale. */
  readonly stale?: boolean;
}
