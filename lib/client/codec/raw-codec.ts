import { keptBytes } from './kept-bytes.js';
import { CodecError } from '../../errors.js';
import { NamedCodec, type Encoded } from './codec.js';
import { FLAGS_BYTES } from './flags.js';
import { asBuffer } from './foreign-values.js';

class RawCodec extends NamedCodec {
  encode(value: unknown): Encoded {
    if (typeof value === 'string') return { data: value, flags: FLAGS_BYTES };
    if (value instanceof Uint8Array) return { data: asBuffer(value), flags: FLAGS_BYTES };
    throw new CodecError("the codec 'raw' stores nothing but text and bytes");
  }

  decode(data: Buffer): Buffer {
    return keptBytes(data);
  }
}

/**
 * The codec of `codec: 'raw'`: bytes and text go as they are, with flags 0; whatever is stored, by whomever, comes back
 * as a Buffer.
 */
export function createRawCodec(): NamedCodec {
  return new RawCodec();
}
