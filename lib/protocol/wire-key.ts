/** The longest key memcached takes, in bytes; base64 keys are measured as base64 text. */
export const MAX_KEY_BYTES = 250;

/** Why a text cannot be a key as it stands. */
export type KeyProblem = 'empty' | 'too-long' | 'forbidden-character';

/**
 * Whether `key` consists of ASCII characters that memcached takes as they are and is not too long: then it is its own
 * wire form. Anything else goes the slower way.
 */
export function isPlainKey(key: string): boolean {
  const length = key.length;
  if (length === 0 || length > MAX_KEY_BYTES) return false;
  for (let index = 0; index < length; index += 1) {
    const code = key.charCodeAt(index);
    if (code <= 32 || code >= 127) return false;
  }
  return true;
}

/** Whether all of them are such keys. */
export function arePlainKeys(keys: readonly string[]): boolean {
  for (let index = 0; index < keys.length; index += 1) if (!isPlainKey(keys[index])) return false;
  return true;
}

/** What is wrong with bytes (one character per byte) as a key, if anything. */
export function keyProblem(bytes: string): KeyProblem | undefined {
  if (bytes.length === 0) return 'empty';
  for (let index = 0; index < bytes.length; index += 1) {
    const code = bytes.charCodeAt(index);
    if (code <= 32 || code === 127) return 'forbidden-character';
  }
  return bytes.length > MAX_KEY_BYTES ? 'too-long' : undefined;
}
