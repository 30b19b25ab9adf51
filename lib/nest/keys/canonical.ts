import { DecoratorError } from '../../errors.js';
import { escapeText } from './escape.js';

/** A class whose instances may stand in a default key says with this method what they are, in plain data. */
export interface CacheKeyPart {
  /** @returns what tells this object from all others of its class that a cached result may depend on. */
  toCacheKey(): unknown;
}

/**
 * Writes a value so that equal values (by deep equality) get the same text, and different values different ones.
 *
 * The order of an object's properties does not matter, a property that is `undefined` does. Texts are escaped, so the
 * form contains no `:` and no other separator of key templates.
 *
 * @param place where the value stands, as the message should call it.
 * @throws {DecoratorError} for what has no stable form: functions, symbols, cycles, and instances of classes without
 *   `toCacheKey()`, whose private fields nobody can see from outside.
 */
export function canonicalForm(value: unknown, place: string): string {
  return write(value, place, []);
}

function write(value: unknown, place: string, above: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return `'${escapeText(value)}`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
      return String(value);
    case 'undefined':
      return '%u';
    case 'object':
      return value === null ? '%n' : writeObject(value, place, above);
    default:
      throw unstable(place, `a ${typeof value}`);
  }
}

function writeObject(value: object, place: string, above: readonly object[]): string {
  if (above.includes(value)) throw unstable(place, 'an object that contains itself');
  const within = [...above, value];
  const nested = (part: unknown, step: string): string => write(part, place + step, within);

  if (Array.isArray(value)) {
    // Array.from visits holes too; they count as undefined.
    return `[${Array.from(value, (item, index) => nested(item, `[${index}]`)).join()}]`;
  }
  if (isPlain(value)) return writePlain(value, place, nested);
  const name = value.constructor?.name ?? 'a class';
  if (typeof (value as Partial<CacheKeyPart>).toCacheKey === 'function') {
    return `${escapeText(name)}(${nested((value as CacheKeyPart).toCacheKey(), '.toCacheKey()')})`;
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `${escapeText(name)}(${bytes.toString('base64url')})`;
  }
  // A subclass may hold more than its parent shows, so the name has to be the parent's own.
  switch (name === tagOf(value) ? name : undefined) {
    case 'Date':
      return `Date(${(value as Date).getTime()})`;
    case 'URL':
      return `URL(${escapeText((value as URL).href)})`;
    case 'Map': {
      const entries = Array.from(value as Map<unknown, unknown>, ([key, item]) => {
        return `${nested(key, '.key')}=${nested(item, '.value')}`;
      });
      return `Map(${entries.toSorted().join()})`;
    }
    case 'Set': {
      const items = Array.from(value as Set<unknown>, (item) => nested(item, '.item'));
      return `Set(${items.toSorted().join()})`;
    }
    default:
      throw unstable(place, `an instance of ${name}`);
  }
}

/** Whether an object was made by a literal, `JSON.parse` or `Object.create(null)`, also in another realm than ours. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && prototype.constructor.name === 'Object';
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function writePlain(value: object, place: string, nested: (part: unknown, step: string) => string): string {
  if (Object.getOwnPropertySymbols(value).some((symbol) => Object.propertyIsEnumerable.call(value, symbol))) {
    throw unstable(place, 'an object with symbols for property names');
  }
  const parts = Object.keys(value)
    .toSorted()
    .map((name) => `${escapeText(name)}=${nested((value as Record<string, unknown>)[name], `.${name}`)}`);
  return `(${parts.join()})`;
}

function unstable(place: string, what: string): DecoratorError {
  return new DecoratorError(
    `${place} is ${what}, which has no stable form for a key; ` +
      `name what the result depends on by 'key', or give its class a 'toCacheKey()' method`,
  );
}
