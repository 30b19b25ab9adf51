/**
 * Names one state of an item on one server, in that server's present life: to be passed back as it is, and compared for
 * equality only. Decimal digits as memcached counts them, followed by what names the life.
 *
 * A write that carries it takes effect in that life or not at all: after a restart of the server, or once the key belongs
 * to another one, it is answered like a change of the item, and nothing is sent. A token of digits alone, from another
 * client, is compared by whichever server has the key now.
 */
export type CasToken = string;

/** A value and the state of the item it was read from. */
export interface ValueWithCas<Value> {
  readonly value: Value;
  readonly cas: CasToken;
}

/** What became of a `cas`. */
export type CasResult =
  /** The item had not changed; it now holds the new value. */
  | 'stored'
  /** The item has changed since; it was left alone. */
  | 'exists'
  /** The item is gone; nothing was stored. */
  | 'not-found';

/** What a read with a lease found. */
export interface LeaseRead<Value> {
  /** A value is there; `false` also over the empty stub that stands for somebody's lease. */
  readonly hit: boolean;
  readonly value: Value | undefined;
  readonly cas: CasToken;
  /** Milliseconds left, in whole seconds; `undefined` when the item never expires, or nothing is there. */
  readonly ttl: number | undefined;
  /** The right to compute the value was given to this reader (`W`). */
  readonly won: boolean;
  /** Somebody else has been given the right (`Z`). */
  readonly busy: boolean;
  /** The value is marked stale (`X`). */
  readonly stale: boolean;
}

/**
 * Asks for a value with a lease. Its promise resolves with the value itself where that says all there is to say, and otherwise
 * with what one of these functions returns.
 */
export interface LeaseAsker {
  /** With no more seconds left than its grace, a value does not say all; 0 leaves it out of account. */
  readonly policy: { readonly graceSeconds: number };
  /** Whether it is to be told of every value. */
  readonly wantsAll: boolean;
  found(read: LeaseRead<unknown>): unknown;
  /** The read has failed. */
  failed(error: unknown): unknown;
}

/** Everything a read can tell of an item, its value included; `hit` says whether there is one. */
export type Lookup<Value> =
  | { readonly hit: false }
  | {
      readonly hit: true;
      readonly value: Value;
      readonly cas: CasToken;
      /** Milliseconds left, in whole seconds; `undefined` when the item never expires. */
      readonly ttl: number | undefined;
      /** Marked stale by `invalidateKey` with `stale`. */
      readonly stale: boolean;
      /** Size of the stored value in bytes. */
      readonly size: number;
      readonly lastAccessSeconds: number;
      /** Whether it had been read before, lookups aside. */
      readonly hitBefore: boolean;
      /** Client flags. */
      readonly flags: number;
    };

/** A counter, and how long it lives on. */
export interface Counted {
  readonly value: number;
  /**
   * Milliseconds left, in whole seconds; `undefined` when the counter never expires, and in the classic dialect, which does
   * not tell, unless this call has created it.
   */
  readonly ttl: number | undefined;
}
