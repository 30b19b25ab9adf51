import { CodecError, MemcachedError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import { unexpectedReply, type Request } from '../protocol/request.js';
import { inPlace, isThenable, type Codec, type InPlaceCodec } from './codec/codec.js';
import type { ReadBudget } from './codec/read-budget.js';
import { isClassicStub, tokenOf } from './item-token.js';

/** What stands for a key that was not found. */
export const NOTHING = Symbol('nothing');

/** What stands for a key whose item has come but cannot be read, or not yet. */
export const UNREAD = Symbol('unread');

/**
 * Reads the items of `get k1 k2 …`, each of which must be one of the keys asked for, and there once.
 *
 * Servers answer in the order of the keys, so the search for an item's key goes on where the last one was found; a proxy
 * that mixes its servers' answers is found too, only more slowly.
 */
export class ManyReader {
  readonly #codec: InPlaceCodec;
  readonly #fullKeys: readonly string[];
  readonly #withCas: boolean;
  readonly #budget: ReadBudget;
  #next = 0;

  /**
   * @param fullKeys the keys with their prefix, which codecs get.
   * @param budget of all that the caller reads at once.
   */
  constructor(codec: Codec, fullKeys: readonly string[], withCas: boolean, budget: ReadBudget) {
    this.#codec = inPlace(codec);
    this.#fullKeys = fullKeys;
    this.#withCas = withCas;
    this.#budget = budget;
  }

  readonly read = (reply: Reply, request: Request): unknown => {
    const found = (request.gathered ??= this.#none()) as ItemsFound;
    if (reply.status === 'end') return found;
    if (reply.status !== 'value') throw unexpectedReply(reply, request);
    const index = this.#indexOf(reply, request.details.keys!);
    if (index < 0 || found.values[index] !== NOTHING) throw unexpectedReply(reply, request);
    this.#next = index + 1;
    request.receivedBytes += reply.valueLength;
    if (this.#setAside(reply, index, found)) return undefined;
    found.hits += 1;
    this.#take(reply, index, found);
    return undefined;
  };

  #none(): ItemsFound {
    const values = new Array<unknown>(this.#fullKeys.length).fill(NOTHING);
    return { values, hits: 0, unreadable: [], doubtful: [], waiting: [] };
  }

  /** Sets aside what has no bytes, which may be nothing at all. @returns whether it did. */
  #setAside(reply: Reply, index: number, found: ItemsFound): boolean {
    const doubtful = reply.valueLength === 0 && reply.flags === 0;
    if (!doubtful && !isClassicStub(reply)) return false;
    found.values[index] = UNREAD;
    if (doubtful) found.doubtful.push(index);
    return true;
  }

  #indexOf(reply: Reply, keys: readonly string[]): number {
    for (let index = this.#next; index < keys.length; index += 1) if (reply.names(keys[index])) return index;
    for (let index = 0; index < this.#next; index += 1) if (reply.names(keys[index])) return index;
    return -1;
  }

  #take(reply: Reply, index: number, found: ItemsFound): void {
    found.values[index] = UNREAD;
    const { bytes, valueStart, valueEnd, flags } = reply;
    const cas = this.#withCas ? tokenOf(reply) : '';
    try {
      const value = this.#codec.decodeAt(
        bytes,
        valueStart,
        valueEnd,
        flags,
        this.#fullKeys[index],
        this.#budget,
      );
      if (isThenable(value)) found.waiting.push(this.#takeLater(value, cas, index, found));
      else found.values[index] = this.#withCas ? { value, cas } : value;
    } catch (error) {
      refuse(error, index, found);
    }
  }

  async #takeLater(
    decoding: PromiseLike<unknown>,
    cas: string,
    index: number,
    found: ItemsFound,
  ): Promise<void> {
    try {
      const value = await decoding;
      found.values[index] = this.#withCas ? { value, cas } : value;
    } catch (error) {
      refuse(error, index, found);
    }
  }
}

/** What one many-key request found. */
export interface ItemsFound {
  /** By the positions of the keys; `NOTHING` where there was none, `UNREAD` for one that cannot be read. */
  readonly values: unknown[];
  /** How many items were found. */
  hits: number;
  /** The hits whose bytes cannot be read. */
  readonly unreadable: { readonly index: number; readonly error: MemcachedError }[];
  /**
   * Zero bytes with flags 0: the stub of a lease, or an empty value of another client. The answer to many keys does not
   * tell which, that to a single one does.
   */
  readonly doubtful: number[];
  /** Decoders that answer later. */
  readonly waiting: Promise<void>[];
}

function refuse(error: unknown, index: number, { unreadable }: ItemsFound): void {
  const problem =
    error instanceof MemcachedError ? error : new CodecError('the codec failed', { cause: error });
  unreadable.push({ index, error: problem });
}
