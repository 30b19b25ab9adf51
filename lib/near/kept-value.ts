/** A value as a near cache keeps it. */
export interface KeptValue {
  /** The bytes that it is stored in. */
  readonly size: number;

  /** Whether it is encrypted where it is stored. */
  readonly isSealed?: boolean;

  /** The object that everybody gets, or one for each: made of the stored bytes, as that of a read would be. */
  take(): unknown;
}

/** Whether a kept value is one object for all, or made for each. */
export type KeptAs = 'same' | 'copy';

/** A read that has begun, and whose value may be kept. */
export interface BegunRead {
  readonly as: KeptAs;
  /** Before it begins. */
  readonly moment: number;
  /** The same by the clock: what its answer says of a ttl counts from then, since that may be taken late. */
  readonly at: number;
}
