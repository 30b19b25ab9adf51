import { deserialize, serialize } from 'node:v8';
import { CodecError } from '../../errors.js';
import type { Codec, Encoded } from './codec.js';
import { FLAGS_V8 } from './flags.js';
import { unknownFlags } from './unknown-flags.js';

/**
 * The codec of `codec: 'v8'`: everything in V8's own serialization, which carries what `structuredClone` carries and
 * loses what it loses. A Node with an older V8 may not read what a newer one wrote.
 */
export function createV8Codec(): Codec {
  return new V8Codec();
}

class V8Codec implements Codec {
  encode(value: unknown): Encoded {
    try {
      return { data: serialize(value), flags: FLAGS_V8 };
    } catch {
      // V8's message quotes the value: of a function, its source.
      throw new CodecError(
        'the value holds something that V8 cannot serialize, such as a function, symbol or promise',
      );
    }
  }

  decode(data: Buffer, flags: number): unknown {
    if (flags !== FLAGS_V8) throw unknownFlags(flags, 'v8');
    try {
      // A copy, since what is read may hold on to it.
      return deserialize(Buffer.from(data));
    } catch {
      throw new CodecError('the stored bytes are not what V8 writes, or are of a newer V8 than this one');
    }
  }
}
