/** Deeper than this, options of objects are not compared. */
const MAX_DEPTH = 4;

/**
 * The first property in which two objects of one class differ as far as that can be seen: in texts, numbers and the like,
 * in lists and plain objects of them, and in the classes of what else they hold. What is `#private`, and what lies within
 * other instances of classes, is not compared.
 *
 * @returns its path; undefined where they look the same.
 */
export function differenceBetween(one: object, other: object): string | undefined {
  return differenceIn(one, other, 0);
}

function differenceIn(one: object, other: object, depth: number): string | undefined {
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const inner = differenceOf(valueOf(one, name), valueOf(other, name), depth + 1);
    if (inner !== undefined) return inner === '' ? name : `${name}.${inner}`;
  }
  return undefined;
}

/** @returns a path, empty for the values themselves. */
function differenceOf(one: unknown, other: unknown, depth: number): string | undefined {
  if (Object.is(one, other) || typeof one === 'function' || typeof other === 'function') return undefined;
  if (!isObject(one) || !isObject(other)) return '';
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return '';
  if (!isPlain(one)) return undefined;
  return depth < MAX_DEPTH ? differenceIn(one, other, depth) : undefined;
}

/** A property's value, for which no getter is run. */
function valueOf(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || prototype === Array.prototype;
}
