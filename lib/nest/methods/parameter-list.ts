/** A text or a comment. */
const SKIPPED = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/y;

/** What stands before the parameters of a function or a method, if its name can be read. */
const HEAD = /^[^'"`=/[\]]*(?:\[[^'"`=/[\]]*\]\s*)?$/;

/** What begins a regular expression or a template, in which brackets mean nothing. */
const UNREADABLE = '/`';

const OPENING = '([{';
const CLOSING = ')]}';

/** The parameters of a function, as written. */
export interface ParameterList {
  /** How many there are before `...rest`. */
  readonly count: number;
  /** Whether they end with `...rest`. */
  readonly hasRest: boolean;
}

/**
 * Reads the parameters of a function, whatever stands in their default values.
 *
 * @param source the function's own text.
 * @returns undefined where the text does not tell, as with functions that are bound or native.
 */
export function parametersOf(source: string): ParameterList | undefined {
  const start = source.indexOf('(');
  if (start < 0 || !HEAD.test(source.slice(0, start))) return undefined;
  let depth = 0;
  let count = 0;
  let isWithin = false;
  let hasRest = false;
  for (let index = start; index < source.length; index += 1) {
    SKIPPED.lastIndex = index;
    const skipped = SKIPPED.exec(source);
    if (skipped !== null) {
      index += skipped[0].length - 1;
      continue;
    }
    const character = source[index];
    if (UNREADABLE.includes(character)) return undefined;
    if (CLOSING.includes(character)) depth -= 1;
    if (depth === 0 && index > start) {
      if (source.includes('[native code]', index)) return undefined;
      return { count: isWithin && !hasRest ? count + 1 : count, hasRest };
    }
    if (depth === 1 && character === ',') {
      count += 1;
      isWithin = false;
    } else if (depth > 0 && character.trim() !== '') {
      if (depth === 1 && source.startsWith('...', index)) hasRest = true;
      isWithin = true;
    }
    if (OPENING.includes(character)) depth += 1;
  }
  return undefined;
}
