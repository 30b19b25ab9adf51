/** A text or a comment. */
const SKIPPED = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/y;

/** What begins a regular expression or a template, in which brackets mean nothing. */
const UNREADABLE = '/`';

const OPENING = '([{';
const CLOSING = ')]}';

/**
 * Whether the parameters of a function end with `...rest`, whatever stands in their default values.
 *
 * @param source the function's own text.
 * @returns true as well where the text does not tell, as with functions that are bound or native.
 */
export function takesRest(source: string): boolean {
  const start = source.indexOf('(');
  if (start < 0) return true;
  let depth = 0;
  for (let index = start; index < source.length; index += 1) {
    SKIPPED.lastIndex = index;
    const skipped = SKIPPED.exec(source);
    if (skipped !== null) {
      index += skipped[0].length - 1;
      continue;
    }
    const character = source[index];
    if (UNREADABLE.includes(character)) return true;
    if (OPENING.includes(character)) depth += 1;
    else if (CLOSING.includes(character)) {
      depth -= 1;
      if (depth === 0) return source.slice(index).includes('[native code]');
    } else if (depth === 1 && source.startsWith('...', index)) return true;
  }
  return true;
}
