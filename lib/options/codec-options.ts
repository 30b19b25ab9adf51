/** A value as it is stored: its bytes, and the number that says how to read them. */
export interface Encoded {
  /** The bytes. Not copied before they are sent: they must not change any more. */
  readonly data: Buffer;

  /** Client flags, a whole number from 0 to 2^32 - 1. Zero bytes with flags 0 is what a lease stub looks like: avoid it. */
  readonly flags: number;
}

/**
 * Turns values into stored bytes and back; one of your own can be given as the option `codec`.
 *
 * Either method may return a promise; a codec that does not need to should not, so that reads stay in one turn of the
 * event loop. An error of either is the caller's error of a raw command, and a miss for the cache.
 */
export interface Codec {
  /**
   * @param value whatever the user stores; `undefined` is possible.
   * @param key the key it is stored under.
   */
  encode(value: unknown, key: string): Encoded | Promise<Encoded>;

  /**
   * @param data a view into a buffer of the socket: copy what shall outlive the call.
   * @param flags the client flags the value is stored with.
   * @param key the key it was read from.
   * @returns the value, or a promise of it.
   */
  decode(data: Buffer, flags: number, key: string): unknown;
}

/** A class, abstract or not, whatever its constructor takes. */
export type Constructor = abstract new (...args: never[]) => object;

/** How the instances of one class are stored. */
export interface StoredClass {
  /** The class itself; its subclasses are others. */
  class: Constructor;

  /**
   * Turns an instance into what is stored for it: anything the codec can store.
   *
   * @default its own enumerable properties
   */
  toPlain?: (instance: never) => unknown;

  /**
   * Makes an instance of what was stored.
   *
   * @default an object with the class's prototype gets the stored properties; no constructor is called
   */
  revive?: (plain: never) => object;
}

/** The two functions of the package `class-transformer` that are used; the package itself fits. */
export interface ClassTransformer {
  instanceToPlain(instance: object): unknown;
  plainToInstance(to: Constructor, plain: unknown): object;
}
