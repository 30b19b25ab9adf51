import type { CacheEntry, TagVersion } from '../cache/store.js';
import {
  andThen,
  inPlace,
  isThenable,
  type Codec,
  type Encoded,
  type InPlaceCodec,
} from '../client/codec/codec.js';
import { FLAGS_CACHE_ENTRY } from '../client/codec/flags.js';
import { CodecError } from '../errors.js';

const NO_TAGS: readonly TagVersion[] = Object.freeze([]);

const LINE_FEED = 0x0a;

/**
 * Stores what the cache knows of a value beside the value.
 *
 * An entry that says nothing but its value is stored as the value alone, so that other clients can read it. Any other
 * begins with one line of JSON, `[flags of the value, steady, tag, version, tag, version, …]`; so does one that would
 * be zero bytes or have flags 0, since zero bytes with flags 0 is what memcached makes of a lease.
 *
 * What cannot be read is `undefined`, not an error: the read also brought the lease and the cas that the cache needs to
 * put something readable in its place.
 */
export class EntryCodec implements InPlaceCodec {
  readonly #inner: InPlaceCodec;

  /** @param inner the codec of the values. */
  constructor(inner: Codec) {
    this.#inner = inPlace(inner);
  }

  encode(entry: CacheEntry, key: string): Encoded | Promise<Encoded> {
    return andThen(this.#inner.encode(entry.value, key), (encoded) => {
      const { data, flags } = encoded;
      const plain = data.length > 0 && flags !== 0 && (flags & FLAGS_CACHE_ENTRY) === 0;
      if (plain && entry.tags.length === 0 && !entry.steady) return encoded;
      const tags = entry.tags.flatMap(({ tag, version }) => [tag, version]);
      const header = `${JSON.stringify([flags, entry.steady ? 1 : 0, ...tags])}\n`;
      const whole =
        typeof data === 'string' ? header + data : Buffer.concat([Buffer.from(header, 'utf8'), data]);
      return { data: whole, flags: FLAGS_CACHE_ENTRY };
    });
  }

  decodeAt(bytes: Buffer, start: number, end: number, flags: number, key: string): unknown {
    try {
      if (flags !== FLAGS_CACHE_ENTRY)
        return entry(this.#inner.decodeAt(bytes, start, end, flags, key), NO_TAGS, false);
      return this.#decodeWithHeader(bytes.subarray(start, end), key);
    } catch {
      return undefined;
    }
  }

  decode(data: Buffer, flags: number, key: string): unknown {
    return this.decodeAt(data, 0, data.length, flags, key);
  }

  #decodeWithHeader(data: Buffer, key: string): unknown {
    const end = data.indexOf(LINE_FEED);
    if (end === -1) return undefined;
    const { flags, tags, steady } = readHeader(data.toString('utf8', 0, end));
    return entry(this.#inner.decodeAt(data, end + 1, data.length, flags, key), tags, steady);
  }
}

function entry(
  value: unknown,
  tags: readonly TagVersion[],
  steady: boolean,
): CacheEntry | Promise<CacheEntry | undefined> {
  if (!isThenable(value)) return { value, tags, steady };
  return Promise.resolve(value).then(
    (decoded: unknown) => ({ value: decoded, tags, steady }),
    () => undefined,
  );
}

function readHeader(line: string): { flags: number; steady: boolean; tags: readonly TagVersion[] } {
  const header: unknown = JSON.parse(line);
  if (!Array.isArray(header)) throw new CodecError('the header of an entry is not a list');
  const [flags, steady, ...names] = header as [number, number, ...string[]];
  const tags: TagVersion[] = [];
  for (let index = 0; index + 1 < names.length; index += 2) {
    tags.push({ tag: names[index], version: names[index + 1] });
  }
  return { flags, steady: steady === 1, tags };
}
