/**
 * Turns values into stored bytes and back; one of your own can be given as the option `codec`.
 *
 * Either method may return a promise; a codec that does not need to should not, so that reads stay in one turn of the
 * event loop. An error of either is the caller's error of a raw command, and a miss for the cache.
 */
export interface Codec {
  /**
   * Makes bytes and flags of a value.
   *
   * @param value whatever the user stores; `undefined` is possible.
   * @param key the key it is stored under, with its prefix.
   */
  encode(value: unknown, key: string): Encoded | Promise<Encoded>;

  /**
   * @param data a view into a buffer of the socket: copy what shall outlive the call.
   * @param flags the client flags the value is stored with.
   * @param key the key it was read from, with its prefix.
   * @returns the value, or a promise of it.
   */
  decode(data: Buffer, flags: number, key: string): unknown;
}

/** A value as it is to be stored: its bytes, and the number that says how to read them. */
export interface Encoded {
  /** The bytes, not copied before they are sent: they must not change any more. Or a text, which is stored as UTF-8. */
  readonly data: Buffer | string;

  /** Client flags, a whole number from 0 to 2^32 - 1. Zero bytes with flags 0 is what a lease stub looks like: avoid it. */
  readonly flags: number;
}
