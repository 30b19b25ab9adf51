const FOREIGN = /[^A-Za-z0-9+/=]/g;

/**
 * Decodes a base64 key the lenient way memcached does: foreign characters are passed over, and what follows the
 * padding is not looked at.
 *
 * @returns the key's bytes as a latin1 string, `undefined` if the text is no base64.
 */
export function decodeKey(text: string): string | undefined {
  const known = text.replace(FOREIGN, '');
  if (known === '' || known.length % 4 !== 0) return undefined;
  const padded = known.indexOf('=');
  if (padded < 0) return Buffer.from(known, 'base64').toString('latin1');
  const lastGroup = known.slice(padded - (padded % 4), padded - (padded % 4) + 4);
  const padding = lastGroup.split('=').length - 1;
  // One or two characters of padding, and nothing else behind the first of them.
  if (padding > 2 || lastGroup.indexOf('=') !== 4 - padding) return undefined;
  return Buffer.from(known.slice(0, padded), 'base64').toString('latin1');
}

/** Encodes a key's bytes, given as a latin1 string. */
export function encodeKey(key: string): string {
  return Buffer.from(key, 'latin1').toString('base64');
}
