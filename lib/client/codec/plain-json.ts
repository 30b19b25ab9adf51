/** Nesting beyond this, such as that of an object within itself, is left to the tagged form, which keeps track. */
const MAX_DEPTH = 64;

/** More objects than this (an object that is shared counts each time) are left to the tagged form, too. */
const MAX_OBJECTS = 100_000;

const NOT_PLAIN = -1;

/**
 * Whether `JSON.parse(JSON.stringify(value))` is deeply equal to the value, prototypes included.
 *
 * This runs before every `JSON.stringify` of the default codec: one pass, and out at the first thing in the way. A
 * `false` may be a false alarm (very deep nesting, objects of another realm), a `true` never is.
 *
 * @param value an object or array.
 */
export function isPlainJson(value: object): boolean {
  return countPlain(value, 0) !== NOT_PLAIN;
}

/** The number of objects, or `NOT_PLAIN`. */
function countPlain(value: object, depth: number): number {
  if (depth > MAX_DEPTH) return NOT_PLAIN;
  if (Array.isArray(value)) return countPlainArray(value, depth);
  if (Object.getPrototypeOf(value) !== Object.prototype) return NOT_PLAIN;
  if (Object.getOwnPropertySymbols(value).length > 0) return NOT_PLAIN;
  let count = 1;
  for (const name in value) {
    const child = (value as Record<string, unknown>)[name];
    if (typeof child === 'object' && child !== null) {
      const more = countPlain(child, depth + 1);
      count += more;
      if (more === NOT_PLAIN || count > MAX_OBJECTS) return NOT_PLAIN;
    } else if (!isPlainScalar(child)) {
      return NOT_PLAIN;
    }
  }
  return count;
}

function countPlainArray(array: readonly unknown[], depth: number): number {
  if (Object.getPrototypeOf(array) !== Array.prototype) return NOT_PLAIN;
  // Unlike `Object.keys`, this makes no strings: 2 ns an element against 8. It finds names (`match.index`) and holes.
  if (Object.values(array).length !== array.length) return NOT_PLAIN;
  if (Object.getOwnPropertySymbols(array).length > 0) return NOT_PLAIN;
  let count = 1;
  for (let index = 0; index < array.length; index += 1) {
    const child = array[index];
    if (typeof child === 'object' && child !== null) {
      const more = countPlain(child, depth + 1);
      count += more;
      if (more === NOT_PLAIN || count > MAX_OBJECTS) return NOT_PLAIN;
    } else if (!isPlainScalar(child)) {
      return NOT_PLAIN;
    }
  }
  return count;
}

function isPlainScalar(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isPlainNumber(value);
    default:
      return value === null;
  }
}

/** NaN and the infinities become `null` in JSON, and -0 becomes 0. */
export function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}
