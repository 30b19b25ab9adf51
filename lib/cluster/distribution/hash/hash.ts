import type { KeyBytes } from '../key-bytes.js';

/**
 * A 32-bit hash of a key's bytes.
 *
 * The result is a *signed* 32-bit integer, to be read as unsigned (`>>> 0`) where it is used:
 * V8 keeps signed ones in registers, but has to allocate for an unsigned one of 2^31 or more.
 */
export type ByteHash = (key: KeyBytes) => number;

/** A 32-bit hash of a key; signed, as with `ByteHash`. */
export type KeyHash = (key: string) => number;
