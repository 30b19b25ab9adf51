import * as fc from 'fast-check';

const SURROGATES = { from: 0xd800, count: 0x800 };

/** A character of any script; of those whose UTF-8 is short as many as of the others. */
const character = fc
  .oneof(...[0x7f, 0x7ff, 0xffff - SURROGATES.count, 0x10_ffff - SURROGATES.count].map((max) => fc.nat(max)))
  .map((code) => String.fromCodePoint(code < SURROGATES.from ? code : code + SURROGATES.count));

/** Text of any characters. What fast-check has for that (`unit: 'binary'`) takes up to a second to make. */
export function anyText(
  options: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.array(character, options).map((characters) => characters.join(''));
}
