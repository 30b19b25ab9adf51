import { CodecError } from '../../errors.js';
import {
  FLAGS_CACHE_ENTRY,
  FLAGS_SEALED,
  FLAGS_TAGGED,
  FLAGS_TAGGED_WITH_BYTES,
  FLAGS_BIGINT,
  FLAGS_V8,
} from './flags.js';

/** Who uses which flags for what. Most small numbers have several meanings: only the fleet's owner knows who wrote. */
const USES: readonly { readonly uses: (flags: number) => boolean; readonly what: string }[] = [
  { uses: (flags) => flags === FLAGS_SEALED, what: 'a sealed value (codec.seal opens it)' },
  { uses: (flags) => flags === FLAGS_CACHE_ENTRY, what: 'an entry of the cache (getOrSet reads it)' },
  { uses: (flags) => flags === FLAGS_V8, what: "a value of codec 'v8'" },
  {
    uses: (flags) => flags === FLAGS_TAGGED || flags === FLAGS_TAGGED_WITH_BYTES || flags === FLAGS_BIGINT,
    what: "a value of codec 'default'",
  },
  { uses: (flags) => flags === 1 || flags === 9, what: 'a pickle of a Python client (never read)' },
  {
    uses: (flags) => flags < 32 && (flags & 30) !== 0 && (flags & 1) === 0,
    what: "a value of codec 'python'",
  },
  { uses: (flags) => flags <= 7, what: "a value of Dalli (codec 'dalli')" },
  {
    uses: (flags) => (flags & 0xff08) === 0 && ((flags & 0x10) !== 0 || (flags & 0xe0) === 0),
    what: "a value of php-memcached (codec 'php')",
  },
  { uses: (flags) => flags === 2 || flags === 4 || flags === 8, what: "a value of codec 'npm-memcached'" },
  {
    uses: (flags) => flags <= 3 || (flags >= 0x100 && flags <= 0x803 && (flags & 0xfc) === 0),
    what: "a value of spymemcached (codec 'spymemcached')",
  },
  {
    uses: (flags) => (flags >= 0x101 && flags <= 0x112) || flags === 0xfa52,
    what: 'a value of EnyimMemcached',
  },
];

/**
 * The error for flags that a codec does not know.
 *
 * @param codec the name of the option's value in use.
 */
export function unknownFlags(flags: number, codec: string): CodecError {
  const meanings = USES.filter(({ uses, what }) => uses(flags) && !what.includes(`'${codec}'`)).map(
    ({ what }) => what,
  );
  const hint =
    meanings.length === 0
      ? 'no client we know of uses them'
      : `elsewhere they mean ${meanings.join(', or ')}`;
  return new CodecError(`the client flags ${flags} are not known to the codec '${codec}'; ${hint}`);
}
