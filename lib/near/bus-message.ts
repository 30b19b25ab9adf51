/**
 * A message between near caches: what was changed since its sender's last one, by the hashes of names.
 *
 * | bytes   |                                                                                      |
 * | ------- | ------------------------------------------------------------------------------------ |
 * | 1       | version                                                                              |
 * | 1       | what it says: `CHANGED`, `ALL_CHANGED` or `GOODBYE`; 128 more where it is late        |
 * | 8       | its sender, a random number for each start of a process                              |
 * | 6       | its number among the sender's, from 1                                                |
 * | 8 each  | of `CHANGED`, the hashes; none in a heartbeat                                        |
 *
 * All numbers are little-endian.
 */
export interface BusMessage {
  readonly says: BusWord;
  /** Sixteen hexadecimal digits. */
  readonly sender: string;
  readonly number: number;
  /** Pairs of 32 bits each: the low half and the high one. */
  readonly hashes: Int32Array;
  /** Its sender does not hear itself in time, so that nobody may be hearing it in time. */
  readonly isLate: boolean;
}

/** These names have changed. */
export const CHANGED = 1;
/** More has changed than is worth naming. */
export const ALL_CHANGED = 2;
/** Nothing more is said: its sender ends. */
export const GOODBYE = 3;

/** What a message says. */
export type BusWord = typeof CHANGED | typeof ALL_CHANGED | typeof GOODBYE;

const VERSION = 1;
const HEADER_BYTES = 16;
const HASH_BYTES = 8;

/** Beside what a message says. */
const LATE = 128;

const NONE = new Int32Array(0);

/** Writes a message. @param hashes pairs of halves. */
export function writeMessage(
  says: BusWord,
  sender: string,
  number: number,
  hashes: readonly number[],
  isLate = false,
): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES + (hashes.length / 2) * HASH_BYTES);
  bytes[0] = VERSION;
  bytes[1] = isLate ? says | LATE : says;
  bytes.write(sender, 2, 'hex');
  bytes.writeUIntLE(number, 10, 6);
  for (const [index, half] of hashes.entries()) bytes.writeInt32LE(half, HEADER_BYTES + index * 4);
  return bytes;
}

/** Reads a message; undefined for what is none, or one of a later version. */
export function readMessage(message: Uint8Array): BusMessage | undefined {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const rest = bytes.length - HEADER_BYTES;
  if (rest < 0 || rest % HASH_BYTES !== 0 || bytes[0] !== VERSION) return undefined;
  const isLate = (bytes[1] & LATE) !== 0;
  const says = bytes[1] & ~LATE;
  if (says !== CHANGED && says !== ALL_CHANGED && says !== GOODBYE) return undefined;
  let hashes = NONE;
  if (rest > 0) {
    hashes = new Int32Array(rest / 4);
    for (let index = 0; index < hashes.length; index += 1) {
      hashes[index] = bytes.readInt32LE(HEADER_BYTES + index * 4);
    }
  }
  return { says, sender: bytes.toString('hex', 2, 10), number: bytes.readUIntLE(10, 6), hashes, isLate };
}
