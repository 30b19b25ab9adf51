import { NamedCodec, type Encoded } from '../codec.js';
import { FLAGS_BYTES } from '../flags.js';
import { asBuffer, notStorable, readTextOrCounter, writeText } from '../foreign-values.js';
import { unknownFlags } from '../unknown-flags.js';

/**
 * The codec of `codec: 'memjs'`: text and bytes without any mark. Bytes that are UTF-8 come back as text, others as a
 * Buffer; for Buffers always, there is the codec 'raw'.
 */
export function createMemjsCodec(): NamedCodec {
  return new MemjsCodec();
}

class MemjsCodec extends NamedCodec {
  encode(value: unknown): Encoded {
    if (typeof value === 'string') return { data: writeText(value), flags: FLAGS_BYTES };
    if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_BYTES };
    throw notStorable(value, 'memjs');
  }

  decode(data: Buffer, flags: number): unknown {
    if (flags !== FLAGS_BYTES) throw unknownFlags(flags, 'memjs');
    return readTextOrCounter(data);
  }
}
