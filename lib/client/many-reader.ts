import { CodecError, MemcachedError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import { unexpectedReply, type Request } from '../protocol/request.js';
import type { Codec } from './codec/codec.js';
import { whenDone } from './readers.js';
import type { CasToken } from './results.js';

/** One hit of a many-key read, before its place in the result is known. */
export interface Hit {
  /** Position of its key among the request's keys. */
  readonly index: number;
  readonly value: unknown;
}

/** A hit whose bytes cannot be read. */
export interface Unreadable {
  readonly index: number;
  readonly error: MemcachedError;
}

/** What one many-key request brings home. */
export interface Haul {
  readonly hits: Hit[];
  readonly unreadable: Unreadable[];
  /** Decoders that answer later. */
  readonly waiting: Promise<void>[];
}

/**
 * Reads the items of `get k1 k2 …`, each of which must be one of the keys asked for.
 *
 * Servers answer in the order of the keys, so the search for an item's key goes on where the last one was found; a proxy
 * that mixes its servers' answers is found too, only more slowly.
 */
export class ManyReader {
  readonly #codec: Codec;
  readonly #fullKeys: readonly string[];
  readonly #withCas: boolean;
  #next = 0;

  /** @param fullKeys the keys with their prefix, which codecs get. */
  constructor(codec: Codec, fullKeys: readonly string[], withCas: boolean) {
    this.#codec = codec;
    this.#fullKeys = fullKeys;
    this.#withCas = withCas;
  }

  readonly read = (reply: Reply, request: Request): unknown => {
    const haul = (request.gathered ??= { hits: [], unreadable: [], waiting: [] }) as Haul;
    if (reply.status === 'end') return haul;
    if (reply.status !== 'value') throw unexpectedReply(reply, request);
    const index = this.#indexOf(reply, request.keys!);
    if (index < 0) throw unexpectedReply(reply, request);
    this.#next = index + 1;
    request.receivedBytes += reply.valueLength;
    this.#take(reply, index, haul);
    return undefined;
  };

  #indexOf(reply: Reply, keys: readonly string[]): number {
    for (let index = this.#next; index < keys.length; index += 1) if (reply.names(keys[index])) return index;
    for (let index = 0; index < this.#next; index += 1) if (reply.names(keys[index])) return index;
    return -1;
  }

  #take(reply: Reply, index: number, haul: Haul): void {
    const { cas } = reply;
    const keep = (value: unknown): void => void haul.hits.push({ index, value: this.#shaped(value, cas) });
    const refuse = (error: unknown): void => {
      const told =
        error instanceof MemcachedError ? error : new CodecError('the codec failed', { cause: error });
      haul.unreadable.push({ index, error: told });
    };
    try {
      const kept = whenDone(this.#codec.decode(reply.value, reply.flags, this.#fullKeys[index]), keep);
      if (kept instanceof Promise) haul.waiting.push(kept.catch(refuse));
    } catch (error) {
      refuse(error);
    }
  }

  #shaped(value: unknown, cas: CasToken): unknown {
    return this.#withCas ? { value, cas } : value;
  }
}
