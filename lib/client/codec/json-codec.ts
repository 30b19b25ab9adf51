import { CodecError } from '../../errors.js';
import type { Bounds } from './bounds.js';
import { isThenable, NamedCodec, type Encoded } from './codec.js';
import { FLAGS_JSON } from './flags.js';
import type { ReadBudget } from './read-budget.js';
import { unknownFlags } from './unknown-flags.js';

/** The bits of flags that tell what only our own codecs read. */
const OWN_KINDS = 0xff_0000;

class JsonCodec extends NamedCodec {
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    super();
    this.#bounds = bounds;
  }

  encode(value: unknown): Encoded {
    if (isThenable(value)) throw new CodecError('a promise cannot be stored; await it first');
    const text = stringify(value);
    if (text === undefined)
      throw new CodecError(`JSON has no form for ${value === undefined ? 'undefined' : `a ${typeof value}`}`);
    return { data: this.#bounds.checkedJson(text), flags: FLAGS_JSON };
  }

  readsJson(flags: number): boolean {
    return flags === FLAGS_JSON;
  }

  decode(data: Buffer, flags: number, _key: string, budget?: ReadBudget): unknown {
    if ((flags & ~OWN_KINDS & 0xffff_ffc0) === 0 && (flags & OWN_KINDS) !== 0)
      throw unknownFlags(flags, 'json');
    return this.#bounds.readJson(data, 0, data.length, budget);
  }
}

/**
 * The codec of `codec: 'json'`: `JSON.stringify` and `JSON.parse`, with all that they lose. Others write JSON under
 * flags of their own, so none are refused but those of our own other forms.
 */
export function createJsonCodec(bounds: Bounds): NamedCodec {
  return new JsonCodec(bounds);
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new CodecError('the value has no form in JSON', { cause: error });
  }
}
