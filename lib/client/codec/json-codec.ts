import { CodecError } from '../../errors.js';
import type { Codec, Encoded } from './codec.js';
import { FLAGS_JSON } from './flags.js';
import { readJson } from './scalar-text.js';
import { unknownFlags } from './unknown-flags.js';

/** The bits of flags that tell what only our own codecs read. */
const OWN_KINDS = 0xff_0000;

/**
 * The codec of `codec: 'json'`: `JSON.stringify` and `JSON.parse`, with all that they lose. Others write JSON under
 * flags of their own, so none are refused but those of our own other forms.
 */
export function createJsonCodec(): Codec {
  return new JsonCodec();
}

class JsonCodec implements Codec {
  encode(value: unknown): Encoded {
    const text = stringify(value);
    if (text === undefined)
      throw new CodecError(`JSON has no form for ${value === undefined ? 'undefined' : `a ${typeof value}`}`);
    return { data: text, flags: FLAGS_JSON };
  }

  decode(data: Buffer, flags: number): unknown {
    if ((flags & ~OWN_KINDS & 0xffff_ffc0) === 0 && (flags & OWN_KINDS) !== 0)
      throw unknownFlags(flags, 'json');
    return readJson(data);
  }
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new CodecError('the value has no form in JSON', { cause: error });
  }
}
