/** The built-in classes whose instances the tagged form carries. */
export type BuiltinName =
  'Object' | 'Array' | 'Map' | 'Set' | 'Date' | 'RegExp' | BoxName | ErrorName | BytesName;

/** `new Number(1)`, `new String('a')`, `new Boolean(true)`, `Object(1n)`. */
export type BoxName = 'Number' | 'String' | 'Boolean' | 'BigInt';

export type ErrorName = keyof typeof ERROR_CLASSES;

export type BytesName = keyof typeof BYTES_CLASSES;

/** How an error is made anew: only a constructor makes what engines take for an error. */
export const ERROR_CLASSES = {
  Error: () => new Error(),
  AggregateError: () => new AggregateError([]),
  EvalError: () => new EvalError(),
  RangeError: () => new RangeError(),
  ReferenceError: () => new ReferenceError(),
  SyntaxError: () => new SyntaxError(),
  TypeError: () => new TypeError(),
  URIError: () => new URIError(),
} as const satisfies Record<string, () => Error>;

/** How bytes that nobody else holds become an object. */
export const BYTES_CLASSES = {
  Buffer: (bytes) => Buffer.from(bytes),
  ArrayBuffer: (bytes) => bytes,
  DataView: (bytes) => new DataView(bytes),
  Int8Array: (bytes) => new Int8Array(bytes),
  Uint8Array: (bytes) => new Uint8Array(bytes),
  Uint8ClampedArray: (bytes) => new Uint8ClampedArray(bytes),
  Int16Array: (bytes) => new Int16Array(bytes),
  Uint16Array: (bytes) => new Uint16Array(bytes),
  Int32Array: (bytes) => new Int32Array(bytes),
  Uint32Array: (bytes) => new Uint32Array(bytes),
  Float32Array: (bytes) => new Float32Array(bytes),
  Float64Array: (bytes) => new Float64Array(bytes),
  BigInt64Array: (bytes) => new BigInt64Array(bytes),
  BigUint64Array: (bytes) => new BigUint64Array(bytes),
} as const satisfies Record<string, (bytes: ArrayBuffer) => object>;

const NAMES = [
  ...(['Object', 'Array', 'Map', 'Set', 'Date', 'RegExp', 'Number', 'String', 'Boolean', 'BigInt'] as const),
  ...(Object.keys(ERROR_CLASSES) as ErrorName[]),
  ...(Object.keys(BYTES_CLASSES) as BytesName[]),
];

/** The prototypes of this realm. */
const NAME_BY_PROTOTYPE: ReadonlyMap<object, BuiltinName> = new Map(
  NAMES.map((name) => [(globalThis[name] as { prototype: object }).prototype, name]),
);

/**
 * The class whose prototype this is, in whatever realm: what comes from `node:vm`, or from Node itself inside of jest,
 * has prototypes of its own.
 *
 * @returns `undefined` for the prototype of any other class.
 */
export function builtinOf(prototype: object): BuiltinName | undefined {
  const here = NAME_BY_PROTOTYPE.get(prototype);
  if (here !== undefined) return here;
  const maker = makerOf(prototype);
  if (maker !== undefined && standsInForDate(maker)) return 'Date';
  return maker !== undefined && isNative(maker) ? NAMES.find((name) => name === maker.name) : undefined;
}

/** The name of the class whose prototype this is, as far as it can be told. */
export function classNameOf(prototype: object): string {
  const maker: unknown = (prototype as { constructor?: unknown }).constructor;
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'a class without a name';
}

/** The first class in native code among those that a prototype inherits from, plain `Object` aside. */
export function nativeBaseOf(prototype: object): string | undefined {
  for (let base: unknown = prototype; base !== null; base = Object.getPrototypeOf(base)) {
    const maker = makerOf(base as object);
    if (maker !== undefined && isNative(maker)) return maker.name === 'Object' ? undefined : maker.name;
  }
  return undefined;
}

/** Whether the object is what its prototype says: anyone can `Object.create(Date.prototype)`. */
export function isGenuine(object: object, name: BuiltinName): boolean {
  switch (name) {
    case 'Object':
      return true;
    case 'Array':
      return Array.isArray(object);
    case 'Map':
      return works(() => Map.prototype.has.call(object, undefined));
    case 'Date':
      return works(() => Date.prototype.getTime.call(object));
    case 'Set':
      return works(() => Set.prototype.has.call(object, undefined));
    case 'BigInt':
      return works(() => BigInt.prototype.valueOf.call(object));
    case 'ArrayBuffer':
      return works(() => ArrayBuffer.prototype.slice.call(object, 0, 0));
    default:
      // Not by name: this one looks at what the engine has made it.
      if (name in BYTES_CLASSES) return ArrayBuffer.isView(object);
      return Object.prototype.toString.call(object) === `[object ${name in ERROR_CLASSES ? 'Error' : name}]`;
  }
}

function makerOf(prototype: object): Function | undefined {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' && maker.prototype === prototype ? maker : undefined;
}

/** Whether a test runner has put the class in `Date`'s place, as fake timers do; what they made outlives them. */
function standsInForDate(maker: Function): boolean {
  return maker === Date || (maker as { isFake?: unknown }).isFake === true;
}

function isNative(maker: object): boolean {
  return Function.prototype.toString.call(maker).endsWith('{ [native code] }');
}

function works(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
