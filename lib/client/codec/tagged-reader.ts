import { CodecError, MemcachedError } from '../../errors.js';
import { BYTES_CLASSES, ERROR_CLASSES, type BytesName, type ErrorName } from './builtin-classes.js';
import type { Bounds } from './bounds.js';
import type { ClassTypes } from './class-types.js';
import type { ReadBudget } from './read-budget.js';
import * as tag from './tags.js';

/** Stands for an instance that is not made yet, since what is in it is still being read. */
const UNFINISHED = Symbol('unfinished');

/** Longest array there can be. */
const MAX_LENGTH = 2 ** 32 - 1;

/** An error takes note of its stack, a pattern is taken apart: so many parts of a value cost as much. */
const COST_OF_ERROR = 32;
const COST_OF_PATTERN = 8;

/** Turns a tree of JSON into the value it stands for, in place. */
class TaggedReader {
  readonly #bytes: Buffer;
  readonly #types: ClassTypes;
  readonly #bounds: Bounds;
  #bytesRead = 0;
  #depth = 0;

  /** What was made from few bytes: holes, errors, patterns; counted in parts of a value. */
  costly = 0;

  /** The objects met so far, by their numbers. */
  readonly #objects: unknown[] = [];

  constructor(bytes: Buffer, { types, bounds }: ReaderSettings) {
    this.#bytes = bytes;
    this.#types = types;
    this.#bounds = bounds;
  }

  read(node: unknown): unknown {
    if (typeof node === 'string') return node.charCodeAt(0) === tag.TAG_CODE ? this.#readScalar(node) : node;
    if (typeof node !== 'object' || node === null) return node;
    this.#bounds.checkDepth((this.#depth += 1));
    const value = this.#readObject(node);
    this.#depth -= 1;
    return value;
  }

  #readObject(node: object): unknown {
    if (!Array.isArray(node)) return this.#readInto(this.#number(node), node as Properties);
    const first: unknown = node[0];
    if (typeof first === 'string' && first.startsWith('~#')) return this.#readCollection(first, node);
    this.#number(node);
    for (let index = 0; index < node.length; index += 1) {
      const child: unknown = node[index];
      const read = this.read(child);
      if (read !== child) node[index] = read;
    }
    return node;
  }

  #readScalar(text: string): unknown {
    switch (text.slice(0, 2)) {
      case '~~':
        return text.slice(1);
      case tag.DATE:
        return this.#number(new Date(text.length === 2 ? Number.NaN : Number(text.slice(2))));
      case tag.REFERENCE:
        return this.#referred(Number(text.slice(2)));
      case tag.BIGINT:
        this.#bounds.checkDigits(text.length - 2);
        return BigInt(text.slice(2));
      case tag.UNDEFINED:
        return undefined;
      case tag.NAN:
        return Number.NaN;
      case tag.INFINITE:
        return Number.POSITIVE_INFINITY;
      case tag.MINUS_INFINITE:
        return Number.NEGATIVE_INFINITY;
      case tag.MINUS_ZERO:
        return -0;
      default:
        throw damaged();
    }
  }

  #readCollection(name: string, node: readonly unknown[]): unknown {
    switch (name) {
      case tag.MAP: {
        const map = this.#number(new Map());
        for (let index = 1; index < node.length; index += 2)
          map.set(this.read(node[index]), this.read(node[index + 1]));
        return map;
      }
      case tag.SET: {
        const set = this.#number(new Set());
        for (let index = 1; index < node.length; index += 1) set.add(this.read(node[index]));
        return set;
      }
      case tag.NULL_PROTOTYPE:
        return this.#define(this.#number(Object.create(null) as object), node[1]);
      case tag.SPARSE:
        this.#spend(node[1] as number);
        return this.#define(this.#number(arrayOfHoles(node[1] as number)), node[2]);
      case tag.REGEXP: {
        this.#spend(COST_OF_PATTERN);
        const pattern = this.#number(new RegExp(node[1] as string, node[2] as string));
        pattern.lastIndex = node[3] as number;
        return pattern;
      }
      case tag.BOX:
        // What is in a box is never an object, so the box gets its number in time.
        return this.#number(Object(this.read(node[1])) as object);
      case tag.ERROR:
        return this.#readError(node);
      case tag.BYTES:
        return this.#number(this.#readBytes(node));
      case tag.INSTANCE:
        return this.#readInstance(node);
      default:
        throw damaged();
    }
  }

  #readError(node: readonly unknown[]): Error {
    const name = node[1] as ErrorName;
    if (!Object.hasOwn(ERROR_CLASSES, name)) throw damaged();
    this.#spend(COST_OF_ERROR);
    const error = this.#number(ERROR_CLASSES[name]());
    const hidden = node[2] as Properties;
    for (const property of Object.keys(hidden)) {
      const value = this.read(hidden[property]);
      Object.defineProperty(error, property, {
        value,
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
    return this.#define(error, node[3]);
  }

  /** Each byte is read once: a text of many tags cannot ask for more memory than there are bytes. */
  #readBytes([, name, length]: readonly unknown[]): object {
    const end = this.#bytesRead + (length as number);
    if (!Object.hasOwn(BYTES_CLASSES, name as BytesName) || !(end <= this.#bytes.length)) throw damaged();
    const bytes = new ArrayBuffer(length as number);
    new Uint8Array(bytes).set(this.#bytes.subarray(this.#bytesRead, end));
    this.#bytesRead = end;
    return BYTES_CLASSES[name as BytesName](bytes);
  }

  #readInstance(node: readonly unknown[]): object {
    const name = node[1] as string;
    const type = this.#types.named(name);
    if (type === undefined) {
      throw new CodecError(
        `the value holds an instance of '${name}', a class that codec.types does not name`,
      );
    }
    if (type.revive === undefined) {
      return this.#define(this.#number(Object.create(type.class.prototype as object) as object), node[2]);
    }
    const number = this.#objects.push(UNFINISHED) - 1;
    const plain = this.read(node[2]);
    const instance = revived(type.revive, plain, name);
    this.#objects[number] = instance;
    return instance;
  }

  /** Reads properties in place: they are own properties already, so that even `__proto__` is only a name. */
  #readInto(object: object, properties: Properties): object {
    for (const name of Object.keys(properties)) {
      const child = properties[name];
      const read = this.read(child);
      if (read !== child) properties[name] = read;
    }
    return object;
  }

  /** Gives properties to an object of another kind, past its setters. */
  #define<T extends object>(object: T, properties: unknown): T {
    for (const [name, child] of Object.entries(properties as Properties)) {
      const value = this.read(child);
      Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  #spend(cost: number): void {
    if (!(cost >= 0)) throw damaged();
    this.costly += cost;
    this.#bounds.checkNodes(this.costly);
  }

  #number<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #referred(number: number): unknown {
    const object = this.#objects[number];
    if (object === undefined || object === UNFINISHED) throw damaged();
    return object;
  }
}

type Properties = Record<string, unknown>;

/** What of the settings of the tagged form reading needs. */
interface ReaderSettings {
  readonly types: ClassTypes;
  readonly bounds: Bounds;
}

/**
 * Reads what `encodeTagged` wrote.
 *
 * Whatever the bytes are, nothing is run but the `revive` of the classes of `types`, and no more memory taken than a
 * small multiple of their length.
 *
 * @param data the stored bytes; nothing of the result shares memory with them.
 * @param withBytes whether the bytes of buffers and typed arrays follow the JSON.
 * @throws {CodecError} if the bytes are something else, or name a class that `types` does not.
 */
export function decodeTagged(
  data: Buffer,
  withBytes: boolean,
  settings: ReaderSettings,
  budget?: ReadBudget,
): unknown {
  const textEnd = withBytes && data.length >= 4 ? 4 + data.readUInt32LE(0) : data.length;
  if (textEnd > data.length || (withBytes && data.length < 4)) throw damaged();
  const tree = settings.bounds.readJson(data, withBytes ? 4 : 0, textEnd, budget);
  try {
    const reader = new TaggedReader(data.subarray(textEnd), settings);
    const value = reader.read(tree);
    budget?.takeNodes(reader.costly);
    return value;
  } catch (error) {
    if (error instanceof MemcachedError) throw error;
    // A stack that ran out, a pattern that is none, a length that does not fit: nothing our writer writes.
    throw damaged();
  }
}

/** An array of the length without any element: setting `length` alone takes 8 bytes for each hole. */
function arrayOfHoles(length: number): unknown[] {
  if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH) throw damaged();
  const array: unknown[] = [];
  if (length === 0) return array;
  // Far beyond the end, the engine goes over to a table of what is there.
  array[length - 1] = undefined;
  Reflect.deleteProperty(array, length - 1);
  return array;
}

function revived(revive: (plain: unknown) => object, plain: unknown, name: string): object {
  try {
    return revive(plain);
  } catch (error) {
    throw new CodecError(`codec.types.${name}.revive failed`, { cause: error });
  }
}

function damaged(): CodecError {
  return new CodecError('the stored bytes are not what the codec writes');
}
