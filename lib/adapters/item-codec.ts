import {
  andThen,
  behind,
  inPlace,
  isThenable,
  type Codec,
  type Encoded,
  type InPlaceCodec,
} from '../client/codec/codec.js';
import { FLAGS_CACHE_ENTRY } from '../client/codec/flags.js';
import type { ReadBudget } from '../client/codec/read-budget.js';

const LINE_FEED = 0x0a;

/** No header is longer: flags, a generation and a deadline. */
const MAX_HEADER = 64;

/**
 * Stores what an item is beside its value, as a line of text before the value's bytes: its client flags, the generation,
 * and the deadline if there is one. What has no such line is not an item, and reads as nothing.
 */
export class ItemCodec implements InPlaceCodec {
  readonly #inner: InPlaceCodec;
  #lastFlags = 0;
  #lastGeneration = '';
  #lastHeader = '';

  /** @param inner the codec of the values. */
  constructor(inner: Codec) {
    this.#inner = inPlace(inner);
  }

  encode({ value, expires, generation }: Item, key: string): Encoded | Promise<Encoded> {
    const encoded = this.#inner.encode(value, key);
    return isThenable(encoded)
      ? andThen(encoded, (later) => this.#headed(later, expires, generation))
      : this.#headed(encoded, expires, generation);
  }

  #headed({ data, flags }: Encoded, expires: number | undefined, generation: string): Encoded {
    const header =
      expires === undefined ? this.#headerOf(flags, generation) : `${flags} ${generation} ${expires}\n`;
    return behind(header, data, FLAGS_CACHE_ENTRY);
  }

  /** The header of what lives for ever: mostly that of the value before. */
  #headerOf(flags: number, generation: string): string {
    if (flags !== this.#lastFlags || generation !== this.#lastGeneration) {
      this.#lastFlags = flags;
      this.#lastGeneration = generation;
      this.#lastHeader = `${flags} ${generation} \n`;
    }
    return this.#lastHeader;
  }

  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget?: ReadBudget,
  ): unknown {
    if (flags !== FLAGS_CACHE_ENTRY) return undefined;
    const lineEnd = endOfLine(bytes, start, Math.min(end, start + MAX_HEADER));
    if (bytes[lineEnd] !== LINE_FEED || lineEnd >= end) return undefined;
    const header = bytes.toString('latin1', start, lineEnd);
    const first = header.indexOf(' ');
    const second = header.indexOf(' ', first + 1);
    if (first < 1 || second < 0) return undefined;
    const innerFlags = Number(header.slice(0, first));
    const generation = header.slice(first + 1, second);
    const expires = second + 1 === header.length ? undefined : Number(header.slice(second + 1));
    if (!Number.isInteger(innerFlags) || Number.isNaN(expires)) return undefined;
    const value = this.#inner.decodeAt(bytes, lineEnd + 1, end, innerFlags, key, budget);
    if (!isThenable(value)) return new Item(value, expires, generation);
    return Promise.resolve(value).then((later: unknown) => new Item(later, expires, generation));
  }

  decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown {
    return this.decodeAt(data, 0, data.length, flags, key, budget);
  }
}

/** Where the line ends that begins at `start`; at `limit` when it does not. */
function endOfLine(bytes: Buffer, start: number, limit: number): number {
  let at = start;
  while (at < limit && bytes[at] !== LINE_FEED) at += 1;
  return at;
}

/** A value, when it ends, and to which generation of its namespace it belongs. */
export class Item {
  readonly value: unknown;
  /** Milliseconds since 1970; never without it. */
  readonly expires: number | undefined;
  readonly generation: string;

  constructor(value: unknown, expires: number | undefined, generation: string) {
    this.value = value;
    this.expires = expires;
    this.generation = generation;
  }
}
