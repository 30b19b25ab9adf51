import type { KeptAs, KeptValue } from '../near/kept-value.js';
import { inBytes, isThenable, type InPlaceCodec } from '../client/codec/codec.js';

/** Digits, and the blanks that `decr` leaves behind them: what a counter looks like. */
const COUNTER = /^\d{1,20} *$/;
const LONGEST_COUNTER = 24;

/**
 * How a near cache is to keep what a codec has read: the object itself for all, or what makes one for each that is like the
 * first in everything.
 *
 * Plain JSON is kept parsed, as an object that nobody gets, and copied: a tenth of what parsing the same text costs. What else
 * is an object is decoded each time, of its bytes; what was compressed or encrypted, of what it was before that.
 *
 * @returns undefined for what is not to be kept: a counter is changed by commands that tell nobody.
 */
export function keptValue(
  codec: InPlaceCodec,
  bytes: Buffer,
  flags: number,
  key: string,
  value: unknown,
  as: KeptAs,
): KeptValue | undefined {
  const size = bytes.length;
  if (codec.seals === true) return keptUnpacked(codec, size, key, value, as);
  if (isCounter(bytes)) return undefined;
  if (as === 'same' || typeof value !== 'object' || value === null) return new OneValue(size, value);
  if (codec.readsJson?.(flags) === true) {
    const text = bytes.toString('utf8');
    // Assigned, it would be the prototype.
    if (!text.includes('__proto__')) return new JsonValue(size, text);
  }
  const taken = Buffer.from(bytes);
  return new CodedValue(size, () => codec.decode(Buffer.from(taken), flags, key));
}

/**
 * The same of a value that its codec has unpacked, which may take a while: its bytes are made once more, and not packed.
 *
 * @returns undefined also for what takes a while then.
 */
export function keptUnpacked(
  codec: InPlaceCodec,
  size: number,
  key: string,
  value: unknown,
  as: KeptAs,
): KeptValue | undefined {
  let plain = codec;
  let isSealed = false;
  while (plain.packed !== undefined) {
    isSealed ||= plain.seals === true;
    plain = plain.packed;
  }
  const encoded = plain.encode(value, key);
  if (isThenable(encoded)) return undefined;
  const { data, flags } = inBytes(encoded);
  const kept = keptValue(plain, data, flags, key, value, as);
  return kept && new Unpacked(Math.max(size, kept.size), isSealed, kept);
}

/** One value for all. */
class OneValue implements KeptValue {
  readonly size: number;
  readonly #value: unknown;

  constructor(size: number, value: unknown) {
    this.size = size;
    this.#value = value;
  }

  take(): unknown {
    return this.#value;
  }
}

/** Plain JSON, of which everybody gets a copy. */
class JsonValue implements KeptValue {
  readonly size: number;
  #text: string | undefined;
  #parsed: unknown;

  constructor(size: number, text: string) {
    this.size = size;
    this.#text = text;
  }

  take(): unknown {
    if (this.#text !== undefined) {
      this.#parsed = JSON.parse(this.#text);
      this.#text = undefined;
    }
    return copied(this.#parsed);
  }
}

/** Bytes that are decoded for everybody. */
class CodedValue implements KeptValue {
  readonly size: number;
  readonly take: () => unknown;

  constructor(size: number, take: () => unknown) {
    this.size = size;
    this.take = take;
  }
}

/** A value that was stored in fewer bytes than it is kept in, or in more, which nobody else can read. */
class Unpacked implements KeptValue {
  readonly size: number;
  readonly isSealed: boolean;
  readonly #kept: KeptValue;

  constructor(size: number, isSealed: boolean, kept: KeptValue) {
    this.size = size;
    this.isSealed = isSealed;
    this.#kept = kept;
  }

  take(): unknown {
    return this.#kept.take();
  }
}

/** A copy of what `JSON.parse` has made. Whole objects at a time, since that is what the engine does fastest. */
function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const array = value.slice() as unknown[];
    for (let index = 0; index < array.length; index += 1) {
      if (typeof array[index] === 'object') array[index] = copied(array[index]);
    }
    return array;
  }
  const object = { ...value } as Record<string, unknown>;
  for (const name in object) {
    if (typeof object[name] === 'object') object[name] = copied(object[name]);
  }
  return object;
}

function isCounter(bytes: Buffer): boolean {
  return bytes.length <= LONGEST_COUNTER && COUNTER.test(bytes.toString('latin1'));
}
