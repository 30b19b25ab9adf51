/** Blanks, control characters, `%`, and every character that has a meaning in a key; all of them ASCII. */
const SPECIAL = /[\x00-\x20\x7f%:/|;#?&()[\]{},='"]/;

/** What each ASCII character becomes; `''` where it stays as it is. */
const ESCAPES: readonly string[] = Array.from({ length: 0x80 }, (_, code) =>
  SPECIAL.test(String.fromCharCode(code)) ? `%${hexadecimal(code).padStart(2, '0')}` : '',
);

/**
 * Writes a text so that it cannot be mistaken for what stands around it in a key.
 *
 * ASCII characters with a meaning become `%` and two digits, as in URLs. Letters of any alphabet, digits and `-_.~@+*!$`
 * stay as they are, so ids, e-mail addresses and UUIDs stay readable. Half a surrogate pair, which UTF-8 would turn into
 * the same bytes as any other half, becomes `%s` and its code.
 *
 * @returns a text that differs for different inputs.
 */
export function escapeText(text: string): string {
  let escaped = '';
  let done = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80 ? ESCAPES[code] === '' : !isSurrogate(code)) continue;
    if (code >= 0x80 && text.codePointAt(index)! > 0xffff) {
      index += 1; // a whole pair
      continue;
    }
    escaped += text.slice(done, index) + (ESCAPES[code] ?? `%s${hexadecimal(code)}`);
    done = index + 1;
  }
  return done === 0 ? text : escaped + text.slice(done);
}

/** Writes a text for a regular expression, in which it stands for itself. */
export function forPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function hexadecimal(code: number): string {
  return code.toString(16).toUpperCase();
}
