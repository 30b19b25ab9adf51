import { InvalidOptionsError } from '../errors.js';

/** A key that values are sealed with. */
export interface SealKeyOption {
  /** Stored beside each value, to find the key again: up to 32 letters, digits, `.`, `_` or `-`. Not secret. */
  id: string;

  /** 32 bytes: as such, as 64 hexadecimal digits, or in base64. Of randomness, not of a password. */
  key: string | Uint8Array;
}

const KEY_BYTES = 32;

const ID = /^[\w.-]{1,32}$/;
const HEXADECIMAL = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** A key that does not show its bytes to `inspect`, `JSON.stringify` or an error. */
export class SealKey {
  readonly #bytes: Buffer;

  constructor(
    readonly id: string,
    bytes: Buffer,
  ) {
    this.#bytes = bytes;
  }

  /** Calls `use` with the key's bytes, which must not be kept. */
  reveal<T>(use: (bytes: Buffer) => T): T {
    return use(this.#bytes);
  }
}

/**
 * Reads the keys of a seal.
 *
 * @throws {InvalidOptionsError} which tells the form of what it got, never a part of it.
 */
export function readSealKeys(value: unknown, path: string): readonly SealKey[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new InvalidOptionsError(path, 'expected a list of at least one key, each with id and key');
  }
  const keys = value.map((entry: unknown, index) => readSealKey(entry, `${path}[${index}]`));
  keys.forEach(({ id }, index) => {
    if (keys.findIndex((other) => other.id === id) < index) {
      throw new InvalidOptionsError(`${path}[${index}].id`, `two keys have the id '${id}'`);
    }
  });
  return Object.freeze(keys);
}

function readSealKey(value: unknown, path: string): SealKey {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidOptionsError(path, 'expected an object with id and key');
  }
  for (const name of Object.keys(value)) {
    // Not named: it may be the key itself, put in the wrong place.
    if (name !== 'id' && name !== 'key')
      throw new InvalidOptionsError(path, 'known are id and key, and nothing else');
  }
  const { id, key } = value as Partial<Record<'id' | 'key', unknown>>;
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new InvalidOptionsError(`${path}.id`, "expected 1 to 32 letters, digits, '.', '_' or '-'");
  }
  return new SealKey(id, readKeyBytes(key, `${path}.key`));
}

function readKeyBytes(key: unknown, path: string): Buffer {
  if (typeof key === 'string') {
    if (HEXADECIMAL.test(key)) return Buffer.from(key, 'hex');
    if (BASE64.test(key)) return Buffer.from(key, 'base64');
    throw new InvalidOptionsError(path, `expected 64 hexadecimal digits, or 32 bytes in base64`);
  }
  if (key instanceof Uint8Array) {
    if (key.length === KEY_BYTES) return Buffer.from(key);
    throw new InvalidOptionsError(path, `expected ${KEY_BYTES} bytes, got ${key.length}`);
  }
  throw new InvalidOptionsError(path, `expected ${KEY_BYTES} bytes, as a Uint8Array or a string`);
}
