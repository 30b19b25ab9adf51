import { CodecError } from '../../errors.js';
import {
  builtinOf,
  classNameOf,
  ERROR_CLASSES,
  isGenuine,
  nativeBaseOf,
  type BuiltinName,
} from './builtin-classes.js';
import type { Bounds } from './bounds.js';
import type { ClassType, ClassTypes } from './class-types.js';
import { isThenable, type Encoded } from './codec.js';
import { FLAGS_JSON, FLAGS_TAGGED, FLAGS_TAGGED_WITH_BYTES } from './flags.js';
import { isPlainNumber } from './plain-json.js';
import * as tag from './tags.js';

/** What errors carry although `for in` does not show it. */
const HIDDEN_IN_ERRORS = ['message', 'stack', 'cause', 'errors', 'name'];

/** Makes of one value a tree that `JSON.stringify` carries exactly; what needs no change is not copied. */
class TaggedWriter {
  readonly #options: TaggedOptions;

  /** Where we are: property names, indices, and places without a name (`<key 2>`). */
  readonly #path: (string | number)[] = [];

  /** Every object met so far, with its number. */
  readonly #numbers = new Map<object, number>();

  /** Instances that a reader can make only after it has read what is in them. */
  readonly #unfinished = new Set<object>();

  readonly #chunks: Uint8Array[] = [];
  #chunksLength = 0;
  #tagged = false;

  constructor(options: TaggedOptions) {
    this.#options = options;
  }

  encode(value: unknown): Encoded {
    const text = this.#options.bounds.checkedJson(JSON.stringify(this.#write(value)));
    if (this.#chunks.length === 0) {
      return { data: text, flags: this.#tagged ? FLAGS_TAGGED : FLAGS_JSON };
    }
    const textLength = Buffer.byteLength(text, 'utf8');
    const data = Buffer.allocUnsafe(4 + textLength + this.#chunksLength);
    data.writeUInt32LE(textLength, 0);
    data.write(text, 4, 'utf8');
    let at = 4 + textLength;
    for (const chunk of this.#chunks) {
      data.set(chunk, at);
      at += chunk.length;
    }
    return { data, flags: FLAGS_TAGGED_WITH_BYTES };
  }

  #write(value: unknown): unknown {
    if (needsNoTag(value)) return value;
    switch (typeof value) {
      case 'string':
        return this.#tag(tag.ESCAPE + value);
      case 'number':
        return this.#tag(numberTag(value));
      case 'bigint':
        return this.#tag(tag.BIGINT + this.#digits(value));
      case 'undefined':
        return this.#tag(tag.UNDEFINED);
      case 'object':
        return this.#writeObject(value as object);
      default:
        throw this.#refusal(`a ${typeof value} cannot be stored`);
    }
  }

  #writeObject(object: object): unknown {
    const number = this.#numbers.get(object);
    if (number !== undefined) {
      if (this.#unfinished.has(object))
        throw this.#refusal('an instance that is revived cannot contain itself');
      return this.#tag(`${tag.REFERENCE}${number}`);
    }
    this.#options.bounds.checkDepth(this.#path.length + 1);
    this.#numbers.set(object, this.#numbers.size);

    const prototype = Object.getPrototypeOf(object) as object | null;
    if (prototype === Object.prototype) return this.#writeProperties(object);
    if (prototype === null) return this.#tag([tag.NULL_PROTOTYPE, this.#writeProperties(object)]);
    const type = this.#options.types.ofPrototype(prototype);
    if (isThenable(object)) throw this.#refusal('a promise cannot be stored; await it first');
    if (type !== undefined) return this.#writeInstance(object, type);
    const name = builtinOf(prototype);
    if (name === undefined) return this.#writeStranger(object, prototype);
    if (isGenuine(object, name)) return this.#writeBuiltin(object, name);
    throw this.#refusal(`what only looks like an instance of ${name} cannot be stored`);
  }

  #writeBuiltin(object: object, name: BuiltinName): unknown {
    switch (name) {
      case 'Object':
        return this.#writeProperties(object);
      case 'Array':
        return this.#writeArray(object as unknown[]);
      case 'Map':
        return this.#writeMap(object as Map<unknown, unknown>);
      case 'Set':
        return this.#writeSet(object as Set<unknown>);
      case 'Date': {
        this.#refuseProperties(object, name);
        const time = (object as Date).getTime();
        return this.#tag(Number.isNaN(time) ? tag.DATE : `${tag.DATE}${time}`);
      }
      case 'RegExp': {
        this.#refuseProperties(object, name);
        const { source, flags, lastIndex } = object as RegExp;
        return this.#tag([tag.REGEXP, source, flags, lastIndex]);
      }
      case 'Number':
      case 'Boolean':
      case 'BigInt':
        this.#refuseProperties(object, name);
        return this.#tag([tag.BOX, this.#write(object.valueOf())]);
      case 'String':
        this.#refuseProperties(object, name, (object as unknown as string).length);
        return this.#tag([tag.BOX, this.#write(object.valueOf())]);
      default:
        if (name in ERROR_CLASSES) return this.#writeError(object as Error, name);
        return this.#writeBytes(object as ArrayBuffer | ArrayBufferView, name);
    }
  }

  /** Of plain objects, and of all that has properties like one. */
  #writeProperties(object: object): object {
    this.#refuseSymbols(object);
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(object)) {
      const child = (object as Record<string, unknown>)[name];
      if (needsNoTag(child)) continue;
      const written = this.#writeAt(name, child);
      if (written === child) continue;
      copy ??= { ...object };
      // The name is an own property of the copy, so that even `__proto__` is only a name.
      copy[name] = written;
    }
    return copy ?? object;
  }

  #writeArray(array: readonly unknown[]): unknown {
    if (!isDense(array)) {
      this.#options.bounds.checkNodes(array.length);
      return this.#tag([tag.SPARSE, array.length, { ...this.#writeProperties(array) }]);
    }
    this.#refuseSymbols(array);
    let copy: unknown[] | undefined;
    for (let index = 0; index < array.length; index += 1) {
      const child = array[index];
      if (needsNoTag(child)) continue;
      const written = this.#writeAt(index, child);
      if (written === child) continue;
      copy ??= array.slice();
      copy[index] = written;
    }
    return copy ?? array;
  }

  #writeMap(map: Map<unknown, unknown>): unknown {
    this.#refuseProperties(map, 'Map');
    const written: unknown[] = [tag.MAP];
    for (const [key, value] of map) {
      const index = (written.length - 1) / 2;
      written.push(this.#writeAt(`<key ${index}>`, key), this.#writeAt(`<value ${index}>`, value));
    }
    return this.#tag(written);
  }

  #writeSet(set: Set<unknown>): unknown {
    this.#refuseProperties(set, 'Set');
    const written: unknown[] = [tag.SET];
    for (const item of set) written.push(this.#writeAt(`<item ${written.length - 1}>`, item));
    return this.#tag(written);
  }

  #writeError(error: Error, name: string): unknown {
    const hidden: Record<string, unknown> = {};
    for (const property of HIDDEN_IN_ERRORS) {
      if (!Object.hasOwn(error, property) || Object.prototype.propertyIsEnumerable.call(error, property))
        continue;
      hidden[property] = this.#writeAt(property, error[property as keyof Error]);
    }
    return this.#tag([tag.ERROR, name, hidden, { ...this.#writeProperties(error) }]);
  }

  #writeBytes(object: ArrayBuffer | ArrayBufferView, name: string): unknown {
    if ('resizable' in object && object.resizable === true) {
      throw this.#refusal('a resizable ArrayBuffer cannot be stored');
    }
    const bytes = ArrayBuffer.isView(object)
      ? new Uint8Array(object.buffer, object.byteOffset, object.byteLength)
      : new Uint8Array(object);
    this.#chunks.push(bytes);
    this.#chunksLength += bytes.length;
    return this.#tag([tag.BYTES, name, bytes.length]);
  }

  #writeInstance(instance: object, type: ClassType): unknown {
    if (type.revive === undefined) {
      const base = nativeBaseOf(type.class.prototype as object);
      if (base === undefined)
        return this.#tag([tag.INSTANCE, type.name, this.#writeProperties({ ...instance })]);
      throw this.#refusal(
        `instances of ${type.name} are built on ${base}; give its entry in codec.types a 'toPlain' and a 'revive'`,
      );
    }
    this.#unfinished.add(instance);
    const plain = type.toPlain === undefined ? { ...instance } : type.toPlain(instance);
    const written = this.#tag([tag.INSTANCE, type.name, this.#write(plain)]);
    this.#unfinished.delete(instance);
    return written;
  }

  /** An instance of a class that nobody has told us about. */
  #writeStranger(object: object, prototype: object): unknown {
    const base = nativeBaseOf(prototype);
    const name = classNameOf(prototype);
    if (base !== undefined && base === name) throw this.#refusal(`an instance of ${name} cannot be stored`);
    if (base === undefined && this.#options.classInstances === 'flatten')
      return this.#writeProperties({ ...object });
    throw this.#refusal(
      `an instance of ${name} would come back without its class; name the class in codec.types, store a plain object, ` +
        `or set codec.classInstances to 'flatten'`,
    );
  }

  #digits(value: bigint): string {
    const digits = String(value);
    this.#options.bounds.checkDigits(digits.length);
    return digits;
  }

  #writeAt(step: string | number, child: unknown): unknown {
    this.#path.push(step);
    const written = this.#write(child);
    this.#path.pop();
    return written;
  }

  #tag<T>(written: T): T {
    this.#tagged = true;
    return written;
  }

  #refuseSymbols(object: object): void {
    const symbols = Object.getOwnPropertySymbols(object);
    if (symbols.length === 0) return;
    if (symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(object, symbol))) {
      throw this.#refusal('a property named by a symbol cannot be stored');
    }
  }

  /** Refuses what somebody hung on an object that is known for something else, and what would be lost. */
  #refuseProperties(object: object, name: string, ownProperties = 0): void {
    this.#refuseSymbols(object);
    if (Object.keys(object).length === ownProperties) return;
    throw this.#refusal(`an instance of ${name} with properties added to it cannot be stored`);
  }

  #refusal(problem: string): CodecError {
    return new CodecError(`${shown(this.#path)}: ${problem}`);
  }
}

/** Settings of the tagged form that come from the options. */
export interface TaggedOptions {
  readonly types: ClassTypes;
  readonly classInstances: 'refuse' | 'flatten';
  readonly bounds: Bounds;
}

/**
 * Stores any value that structured clone can carry, and instances of the classes of `types`, in the tagged form.
 *
 * @returns plain JSON after all if nothing needed a tag.
 * @throws {CodecError} with the path of the first thing that cannot come back as it was, never with its content.
 */
export function encodeTagged(value: unknown, options: TaggedOptions): Encoded {
  return new TaggedWriter(options).encode(value);
}

/** Whether JSON carries a value just so; of objects, that is not known before one has looked inside. */
function needsNoTag(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.charCodeAt(0) !== tag.TAG_CODE;
    case 'number':
      return isPlainNumber(value);
    case 'boolean':
      return true;
    default:
      return value === null;
  }
}

function numberTag(value: number): string {
  if (value === 0) return tag.MINUS_ZERO;
  if (Number.isNaN(value)) return tag.NAN;
  return value > 0 ? tag.INFINITE : tag.MINUS_INFINITE;
}

/** Whether an array has an element at every index, and nothing else. */
function isDense(array: readonly unknown[]): boolean {
  if (Object.values(array).length !== array.length) return false;
  // Not by `every`, which passes over holes.
  for (let index = 0; index < array.length; index += 1) {
    if (array[index] === undefined && !Object.hasOwn(array, index)) return false;
  }
  return true;
}

function shown(path: readonly (string | number)[]): string {
  let text = '$';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(step)) text += `.${step}`;
    else text += step.startsWith('<') ? step : `[${JSON.stringify(step)}]`;
  }
  return text;
}
