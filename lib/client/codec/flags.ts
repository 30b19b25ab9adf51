/*
 * The client flags of our own values.
 *
 *   bits 0 - 5    read alike by python-memcached, pymemcache and us
 *   bits 6 - 15   never set: PHP, spymemcached and Enyim put their types there
 *   bits 16 - 19  what Python cannot read; one of a list
 *   bits 20 - 22  wrapped: compressed or sealed, with the real flags inside the bytes
 *   bit 23        an entry of the cache, with a line of its own in front (`store/`)
 *   bit 24        the stub of a lease, where the classic dialect has none of its own (`classic-forms.ts`)
 *   bits 25 - 31  never set
 */

/** The bytes themselves. Never with zero bytes: that is what a lease stub looks like. */
export const FLAGS_BYTES = 0;

/** A whole number in decimal digits, the form that `incr` and `decr` work on. */
export const FLAGS_INTEGER = 2;

/** Beside the flags of what is inside: a zlib stream, as Python's clients mark it. */
export const FLAG_ZLIB = 8;

/** A whole number that Python 2 wrote as `long`. Read, never written. */
export const FLAGS_LONG = 4;

/** UTF-8 text. */
export const FLAGS_TEXT = 16;

/** JSON. Python reads it as text, since bit 16 is set. */
export const FLAGS_JSON = 16 | 32;

/** JSON with tags for what JSON has no word for. */
export const FLAGS_TAGGED = 0x1_0000;

/** The same, followed by the bytes of the buffers and typed arrays in it. */
export const FLAGS_TAGGED_WITH_BYTES = 0x2_0000;

/** A bigint in decimal digits: a whole number to Python, `incr` and `decr`. */
export const FLAGS_BIGINT = 0x3_0000 | FLAGS_INTEGER;

/** What `node:v8` serializes. */
export const FLAGS_V8 = 0x4_0000;

/** A zlib stream, behind the flags of what is inside. */
export const FLAGS_WRAPPED_ZLIB = 0x10_0000;

/** A brotli stream, behind the flags of what is inside. */
export const FLAGS_WRAPPED_BROTLI = 0x20_0000;

/** A zstd frame, behind the flags of what is inside. */
export const FLAGS_WRAPPED_ZSTD = 0x30_0000;

/** Encrypted, the flags of what is inside included. */
export const FLAGS_SEALED = 0x40_0000;

/** What the cache keeps with more than its value. Written and read around the codec, which only knows to say so. */
export const FLAGS_CACHE_ENTRY = 0x80_0000;

/** A nonce that stands for a lease in the classic dialect; to other clients a short text. */
export const FLAGS_LEASE_STUB = 0x100_0000 | FLAGS_TEXT;
