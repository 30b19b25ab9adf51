/** One stored value and what memcached keeps beside it. */
export interface Item {
  /** The key's bytes as a latin1 string. */
  readonly key: string;
  /** The value followed by CR LF, never changed in place: replies in flight may still point to it. */
  block: Buffer;
  /** Client flags. */
  flags: number;
  /** When it expires, in milliseconds of the server's clock; `Infinity` for never. */
  expiresAt: number;
  cas: number;
  /** When it was last stored or fetched, in milliseconds of the server's clock. */
  accessedAt: number;
  /** Whether it has been fetched since it was stored. */
  fetched: boolean;
  /** Whether it was stored under a base64 key, which is then how its key is shown. */
  binaryKey: boolean;
  /** Whether it was marked stale by `md I`. */
  stale: boolean;
  /** Whether the right to recompute it has been handed out (`W`). */
  leased: boolean;
}

/** The longest key, in bytes; for a base64 key this limits the base64 text as well. */
export const MAX_KEY_BYTES = 250;

export const CRLF = Buffer.from('\r\n');

/** Bytes of the value, without the CR LF behind it. */
export function valueBytes(item: Item): number {
  return item.block.length - CRLF.length;
}

/**
 * Bytes an item takes in a 64-bit memcached with cas numbers, which is what the item size limit is compared with.
 *
 * @param valueLength bytes of the value without CR LF.
 */
export function itemBytes(key: string, flags: number, valueLength: number): number {
  return 48 + 8 + key.length + 1 + (flags === 0 ? 0 : 4) + valueLength + CRLF.length;
}
