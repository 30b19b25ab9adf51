/** Classes whose instances have a stable form, and what TypeScript writes for types that are no classes. */
const STABLE: ReadonlySet<unknown> = new Set([
  undefined,
  String,
  Number,
  Boolean,
  BigInt,
  Object,
  Array,
  Date,
  Map,
  Set,
  URL,
  Buffer,
]);

const METHOD = 'toCacheKey';

/**
 * Whether the instances of a class have no stable form for a key, as far as the class alone tells.
 *
 * @param type what `emitDecoratorMetadata` wrote for a parameter.
 * @returns false as well where only a call can tell: for a class that is empty at run time, as one is with nothing but
 *   abstract members, its subclasses may have the method.
 */
export function lacksStableForm(type: unknown): boolean {
  if (STABLE.has(type) || typeof type !== 'function') return false;
  const prototype: unknown = type.prototype;
  if (typeof prototype !== 'object' || prototype === null) return true;
  if (METHOD in prototype || prototype instanceof Object.getPrototypeOf(Uint8Array)) return false;
  return !lineage(type).every(isEmpty) && !lineage(type).some((each) => sourceOf(each).includes(METHOD));
}

function lineage(type: unknown): object[] {
  const classes: object[] = [];
  for (let each = type; typeof each === 'function' && each !== Function.prototype;) {
    classes.push(each);
    each = Object.getPrototypeOf(each) as unknown;
  }
  return classes;
}

/** Whether a class has neither members nor a constructor of its own. */
function isEmpty(type: object): boolean {
  return /^class[^{]*\{\s*\}$/.test(sourceOf(type));
}

function sourceOf(type: object): string {
  return Function.prototype.toString.call(type);
}
