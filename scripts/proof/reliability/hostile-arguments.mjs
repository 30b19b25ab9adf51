/* What may stand in place of any argument, made at random; the same for the same seed. */
const COMMAND = '1\r\nset injected 0 0 1\r\nX\r\n';

const PARTS = [
  ' ',
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\t',
  '\u2028',
  'é',
  '€',
  '\ud800',
  '"',
  '0',
  '-1',
  'T0',
  'N',
  'q',
  'k',
];

const FORMS = [
  (text) => text,
  (text) => [text],
  (text) => ({ toString: () => text, valueOf: () => 5, length: 1 }),
  (text) => ({ [Symbol.toPrimitive]: () => text }),
  (text) => Buffer.from(text),
  (text) => Object.assign(() => text, { toString: () => text }),
  (text) => new String(text),
  (text) => ({ [text]: text, value: text, key: text }),
  (text) => Symbol(text),
  (text) => BigInt(text.length) << 70n,
  (text) => -text.length,
  (text) => text.length + 0.5,
  (text) => 10 ** text.length,
  (text) => new Date(text),
  (text) => new Map([[text, text]]),
  (text) => Promise.resolve(text),
];

export function hostileArguments(seed, count = 3) {
  let state = seed;
  const below = (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const some = (most) => Array.from({ length: below(most) }, () => PARTS[below(PARTS.length)]).join('');
  return Array.from({ length: count }, () => FORMS[below(FORMS.length)](some(6) + COMMAND + some(4)));
}
