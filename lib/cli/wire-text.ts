import { printable } from './table.js';

/** A character of UTF-8, or a byte that is part of none, in bytes that stand as one character each. */
const CHARACTER =
  /[\u0000-\u007f]|[\u00c2-\u00df][\u0080-\u00bf]|\u00e0[\u00a0-\u00bf][\u0080-\u00bf]|[\u00e1-\u00ec\u00ee\u00ef][\u0080-\u00bf]{2}|\u00ed[\u0080-\u009f][\u0080-\u00bf]|\u00f0[\u0090-\u00bf][\u0080-\u00bf]{2}|[\u00f1-\u00f3][\u0080-\u00bf]{3}|\u00f4[\u0080-\u008f][\u0080-\u00bf]{2}|[\u0080-\u00ff]/g;

/** The bytes of a key as they can be shown: text as text, and what is none as `\xff`. @param bytes one character each. */
export function wireText(bytes: string): string {
  return bytes.replaceAll(CHARACTER, (character) =>
    character.length === 1 && character > '\u007f'
      ? `\\x${character.charCodeAt(0).toString(16)}`
      : printable(Buffer.from(character, 'latin1').toString('utf8')),
  );
}

/** The text that bytes are, if they are. @param bytes one character each. */
export function textOfBytes(bytes: string): string | undefined {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return Buffer.from(text, 'utf8').toString('latin1') === bytes ? text : undefined;
}
