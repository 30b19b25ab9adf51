import {
  andThen,
  inPlace,
  isThenable,
  type Codec,
  type Encoded,
  type InPlaceCodec,
} from '../client/codec/codec.js';
import { FLAGS_CACHE_ENTRY } from '../client/codec/flags.js';
import type { ReadBudget } from '../client/codec/read-budget.js';

/** A value, when it ends, and to which generation of its namespace it belongs. */
export interface Item {
  readonly value: unknown;
  /** Milliseconds since 1970; never without it. */
  readonly expires: number | undefined;
  readonly generation: string;
}

const LINE_FEED = 0x0a;

/** No header is longer: flags, a generation and a deadline. */
const MAX_HEADER = 64;

/**
 * Stores what an item is beside its value, as a line of text before the value's bytes: its client flags, the generation,
 * and the deadline if there is one. What has no such line is not an item, and reads as nothing.
 */
export class ItemCodec implements InPlaceCodec {
  readonly #inner: InPlaceCodec;

  /** @param inner the codec of the values. */
  constructor(inner: Codec) {
    this.#inner = inPlace(inner);
  }

  encode({ value, expires, generation }: Item, key: string): Encoded | Promise<Encoded> {
    return andThen(this.#inner.encode(value, key), ({ data, flags }) => {
      const header = `${flags} ${generation} ${expires ?? ''}\n`;
      const whole =
        typeof data === 'string' ? header + data : Buffer.concat([Buffer.from(header, 'latin1'), data]);
      return { data: whole, flags: FLAGS_CACHE_ENTRY };
    });
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
    if (!isThenable(value)) return { value, expires, generation };
    return Promise.resolve(value).then((later: unknown) => ({ value: later, expires, generation }));
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
