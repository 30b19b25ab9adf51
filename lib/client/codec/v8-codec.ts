import { deserialize, serialize } from 'node:v8';
import { CodecError } from '../../errors.js';
import type { Bounds } from './bounds.js';
import { NamedCodec, type Encoded } from './codec.js';
import { FLAGS_BYTES, FLAGS_V8 } from './flags.js';
import type { ReadBudget } from './read-budget.js';
import { readInteger } from './scalar-text.js';
import { unknownFlags } from './unknown-flags.js';

/** So many bytes of V8's count as one part of a value. */
const BYTES_PER_NODE = 8;

/** A counter of 64 bits, with the blanks that `decr` leaves behind. */
const MAX_COUNTER_BYTES = 20;
const COUNTER = /^(?=.{1,20}$)\d+ *$/;

class V8Codec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    let data: Buffer;
    try {
      data = serialize(value);
    } catch {
      // V8's message quotes the value: of a function, its source.
      throw new CodecError(
        'the value holds something that V8 cannot serialize, such as a function, symbol or promise',
      );
    }
    this.#bounds.checkNodes(nodesOf(data));
    return { data, flags: FLAGS_V8 };
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    // A counter that `incr` or `decr` has created: bare digits, since memcached counts with nothing else.
    if (flags === FLAGS_BYTES && COUNTER.test(data.toString('latin1', 0, MAX_COUNTER_BYTES + 1))) {
      return readInteger(data, this.#bounds);
    }
    if (flags !== FLAGS_V8) throw unknownFlags(flags, 'v8');
    const nodes = nodesOf(data);
    this.#bounds.checkNodes(nodes);
    budget?.takeNodes(nodes);
    try {
      // A copy, since what is read may hold on to it.
      return deserialize(Buffer.from(data));
    } catch {
      throw new CodecError('the stored bytes are not what V8 writes, or are of a newer V8 than this one');
    }
  }
}

/**
 * The codec of `codec: 'v8'`: everything in V8's own serialization, which carries what `structuredClone` carries and
 * loses what it loses. A Node with an older V8 may not read what a newer one wrote.
 */
export function createV8Codec(bounds: Bounds): NamedCodec {
  return new V8Codec(bounds);
}

/** What cannot be counted before it is read: an object takes three bytes at least, the usual value five times as many. */
function nodesOf(data: Buffer): number {
  return Math.ceil(data.length / BYTES_PER_NODE);
}
