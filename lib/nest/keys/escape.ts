/** Blanks, control characters, `%`, and every character that has a meaning in a key; all of them ASCII. */
const SPECIAL = /[\x00-\x20\x7f%:/|;#?&()[\]{},='"]|\p{Surrogate}/gu;

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
  return text.replace(SPECIAL, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0x7f) return `%s${code.toString(16).toUpperCase()}`;
    return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
