import { MAX_TAGS } from '../options/cache-policy.js';
import { isHitForMiss, type CacheEntry, type EntryKind, type TagVersion } from '../cache/store.js';
import {
  andThen,
  inPlace,
  isThenable,
  NOT_PLAIN,
  type Codec,
  type Encoded,
  type InPlaceCodec,
} from '../client/codec/codec.js';
import { FLAGS_CACHE_ENTRY, FLAGS_LEASE_STUB } from '../client/codec/flags.js';
import type { ReadBudget } from '../client/codec/read-budget.js';
import type { KeptAs, KeptValue } from '../near/kept-value.js';
import { CodecError } from '../errors.js';
import { keptUnpacked, keptValue } from './kept-values.js';

/** Those of the policy, of the namespaces and of the loader, each of which has its bound: each tag is a read of its own. */
const MAX_ALL_TAGS = 3 * MAX_TAGS;

const NO_TAGS: readonly TagVersion[] = Object.freeze([]);

const LINE_FEED = 0x0a;

/** How the header of an entry names its kind. The results that a mark can hand on are two, and need no bytes. */
const VALUE = 0;
const NO_REFRESH_AHEAD = 1;
const HIT_FOR_MISS = 2;
const RESULT_UNDEFINED = 3;
const RESULT_NULL = 4;

/**
 * Stores what the cache knows of a value beside the value.
 *
 * An entry that says nothing but its value is stored as the value alone, so that other clients can read it. Any other
 * begins with one line of JSON, `[flags of the value, kind, tag, version, tag, version, …]`; so does one that would
 * be zero bytes or have flags 0, since zero bytes with flags 0 is what memcached makes of a lease. The mark of a load that
 * left nothing to store is such a line alone.
 *
 * What cannot be read is `undefined`, not an error: the read also brought the lease and the cas that the cache needs to
 * put something readable in its place.
 */
export class EntryCodec implements InPlaceCodec {
  readonly #inner: InPlaceCodec;
  readonly #budget: ReadBudget | undefined;
  readonly #keep: KeptAs | undefined;
  readonly #keeping: Partial<Record<KeptAs, EntryCodec>> = {};

  /**
   * @param inner the codec of the values.
   * @param budget of all that is read by it, which then is what one call reads.
   * @param keep has entries come with their values as they are to be kept.
   */
  constructor(inner: Codec, budget?: ReadBudget, keep?: KeptAs) {
    this.#keep = keep;
    this.#inner = inPlace(inner);
    this.#budget = budget;
  }

  /** The same, whose entries come with their values as they are to be kept. */
  keeping(as: KeptAs): EntryCodec {
    return (this.#keeping[as] ??= new EntryCodec(this.#inner, this.#budget, as));
  }

  encode(entry: CacheEntry, key: string): Encoded | Promise<Encoded> {
    if (isHitForMiss(entry)) return { data: headerOf(0, markCode(entry), []), flags: FLAGS_CACHE_ENTRY };
    return andThen(this.#inner.encode(entry.value, key), (encoded) => {
      const { data, flags } = encoded;
      const plain = data.length > 0 && flags !== 0 && (flags & FLAGS_CACHE_ENTRY) === 0;
      if (plain && entry.tags.length === 0 && entry.kind === 'value') return encoded;
      const header = headerOf(flags, entry.kind === 'value' ? VALUE : NO_REFRESH_AHEAD, entry.tags);
      const whole =
        typeof data === 'string' ? header + data : Buffer.concat([Buffer.from(header, 'utf8'), data]);
      return { data: whole, flags: FLAGS_CACHE_ENTRY };
    });
  }

  decodeAt(
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
    key: string,
    budget = this.#budget,
  ): unknown {
    try {
      if (flags !== FLAGS_CACHE_ENTRY) {
        const value = this.#inner.decodeAt(bytes, start, end, flags, key, budget);
        if (this.#keep !== undefined)
          return this.#kept(this.#keep, bytes.subarray(start, end), flags, key, value, NO_TAGS, 'value');
        if (typeof value !== 'object') return { value, tags: NO_TAGS, kind: 'value' };
        return entry(value, NO_TAGS, 'value');
      }
      return this.#decodeWithHeader(bytes.subarray(start, end), key, budget);
    } catch {
      return undefined;
    }
  }

  plainAt(bytes: Buffer, start: number, end: number, flags: number, key: string): unknown {
    if (flags === FLAGS_CACHE_ENTRY || flags === FLAGS_LEASE_STUB || flags === 0) return NOT_PLAIN;
    try {
      const value = this.#inner.decodeAt(bytes, start, end, flags, key, this.#budget);
      return typeof value === 'object' && isThenable(value) ? entry(value, NO_TAGS, 'value') : value;
    } catch {
      return NOT_PLAIN;
    }
  }

  decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown {
    return this.decodeAt(data, 0, data.length, flags, key, budget);
  }

  /** An entry with its value as it is to be kept. */
  #kept(
    as: KeptAs,
    bytes: Buffer,
    flags: number,
    key: string,
    value: unknown,
    tags: readonly TagVersion[],
    kind: EntryKind,
  ): CacheEntry | Promise<CacheEntry | undefined> {
    if (!isThenable(value)) {
      return { value, tags, kind, kept: keptValue(this.#inner, bytes, flags, key, value, as) };
    }
    // The bytes are the socket's again when it is done.
    const size = bytes.length;
    return Promise.resolve(value).then(
      (decoded: unknown) => ({
        value: decoded,
        tags,
        kind,
        kept: unless(() => keptUnpacked(this.#inner, size, key, decoded, as)),
      }),
      () => undefined,
    );
  }

  #decodeWithHeader(data: Buffer, key: string, budget: ReadBudget | undefined): unknown {
    const end = data.indexOf(LINE_FEED);
    if (end === -1) return undefined;
    const { flags, code, tags } = readHeader(data.toString('utf8', 0, end));
    switch (code) {
      case VALUE:
      case NO_REFRESH_AHEAD: {
        const value = this.#inner.decodeAt(data, end + 1, data.length, flags, key, budget);
        const kind = code === VALUE ? 'value' : 'no-refresh-ahead';
        if (this.#keep === undefined) return entry(value, tags, kind);
        return this.#kept(this.#keep, data.subarray(end + 1), flags, key, value, tags, kind);
      }
      case HIT_FOR_MISS:
        return entry(undefined, NO_TAGS, 'hit-for-miss');
      case RESULT_UNDEFINED:
      case RESULT_NULL:
        // Whoever can write to the server can write such a line: where values are sealed, nobody is handed one by it.
        if (this.#inner.seals === true) return entry(undefined, NO_TAGS, 'hit-for-miss');
        return entry(code === RESULT_NULL ? null : undefined, NO_TAGS, 'hit-for-miss-result');
      default:
        return undefined;
    }
  }
}

/** What can be kept; a value that its own codec does not take is not. */
function unless(keep: () => KeptValue | undefined): KeptValue | undefined {
  try {
    return keep();
  } catch {
    return undefined;
  }
}

/** What a header says. */
interface Header {
  readonly flags: number;
  readonly code: number;
  readonly tags: readonly TagVersion[];
}

function markCode({ kind, value }: CacheEntry): number {
  if (kind === 'hit-for-miss') return HIT_FOR_MISS;
  return value === null ? RESULT_NULL : RESULT_UNDEFINED;
}

function entry(
  value: unknown,
  tags: readonly TagVersion[],
  kind: EntryKind,
): CacheEntry | Promise<CacheEntry | undefined> {
  if (!isThenable(value)) return { value, tags, kind };
  return Promise.resolve(value).then(
    (decoded: unknown) => ({ value: decoded, tags, kind }),
    () => undefined,
  );
}

function headerOf(flags: number, code: number, tags: readonly TagVersion[]): string {
  return `${JSON.stringify([flags, code, ...tags.flatMap(({ tag, version }) => [tag, version])])}\n`;
}

/** Reads a header, which anybody may have written. @throws {CodecError} for one that is not ours. */
function readHeader(line: string): Header {
  const header: unknown = JSON.parse(line);
  if (!Array.isArray(header)) throw new CodecError('the header of an entry is not a list');
  const [flags, code, ...names] = header as [unknown, unknown, ...unknown[]];
  if (!Number.isInteger(flags) || !Number.isInteger(code))
    throw new CodecError('the header of an entry has no flags');
  if (names.length % 2 !== 0 || names.length > 2 * MAX_ALL_TAGS)
    throw new CodecError('the header of an entry has wrong tags');
  const tags: TagVersion[] = [];
  for (let index = 0; index < names.length; index += 2) {
    const [tag, version] = [names[index], names[index + 1]];
    if (typeof tag !== 'string' || tag === '' || typeof version !== 'string')
      throw new CodecError('a tag is no text');
    tags.push({ tag, version });
  }
  return { flags: flags as number, code: code as number, tags };
}
