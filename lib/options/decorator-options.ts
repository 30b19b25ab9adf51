import { DecoratorError, InvalidOptionsError } from '../errors.js';
import { POLICY } from './cache-policy.js';
import {
  optional,
  type Reader,
  readObject,
  refuseUnknown,
  type Shape,
  text,
  wrongAsObject,
} from './schema.js';
import { readClasses } from './classes-option.js';
import type { Constructor } from './codec-options.js';
import { readVaryBy, type VaryBy } from './vary-by.js';

/** Called with the method's arguments, whatever they are: TypeScript has seen to it that they fit. */
export type ArgumentsFunction = (...args: readonly unknown[]) => unknown;

const readParams: Reader<readonly string[]> = (value, path) => {
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected a list of parameter names`);
  return value.map((name, index) => text()(name, `${path}[${index}]`));
};

/** Options that the decorators of methods share, as read. */
export interface SharedOptions {
  readonly name: string | undefined;
  readonly params: readonly string[] | undefined;
  /** Undefined leaves it to the class. */
  readonly varyBy: readonly VaryBy[] | undefined;
}

/** Readers of the shared options. */
export const SHARED: Shape<SharedOptions> = {
  name: optional(text()),
  params: optional(readParams),
  varyBy: optional(readVaryBy),
};

/** Options that the decorators share which store what a method returns, as read. */
export interface StoringOptions extends SharedOptions {
  readonly types: () => readonly Constructor[];
}

/** Options of a policy that decorators take which compute what is not there; `forceFresh` and `signal` are single calls'. */
export const OF_READERS: readonly string[] = Object.keys(POLICY).filter((name) => name !== 'forceFresh');

/** Readers of the options of those that store. */
export const STORING: Shape<StoringOptions> = { ...SHARED, types: readClasses };

/**
 * Reads a decorator's own options, and leaves the rest, which is a policy, to whoever knows the defaults.
 *
 * @param place class, method and decorator, which begin the path of a wrong option.
 * @param others names of the options of that policy.
 * @throws {InvalidOptionsError} with the path of the wrong option; one that nobody knows is told the own ones first.
 */
export function readOptions<T extends object>(
  options: object,
  place: string,
  shape: Shape<T>,
  others: readonly string[] = OF_READERS,
): { own: Readonly<T>; rest: object } {
  if (!Object.hasOwn(shape, 'forceFresh')) refuseForceFresh(options, place);
  if ((options as { signal?: unknown }).signal !== undefined) {
    throw new InvalidOptionsError(
      `${place}.signal`,
      'gives up one call, and this is for all calls of the method',
    );
  }
  refuseUnknown(options, place, [...new Set([...Object.keys(shape), ...others])]);
  const entries = Object.entries(options);
  const own = entries.filter(([name]) => Object.hasOwn(shape, name));
  const rest = entries.filter(([name, value]) => !Object.hasOwn(shape, name) && value !== undefined);
  return {
    own: readObject<T>(Object.fromEntries(own), place, shape),
    rest: Object.freeze(Object.fromEntries(rest)),
  };
}

/**
 * `readOptions` for those that change what others read: an option that says how something is read would do nothing here.
 *
 * @param others names of the options that it takes of a policy, or of `update`.
 * @throws {InvalidOptionsError} likewise.
 */
export function readWritersOptions<T extends object>(
  options: object,
  place: string,
  shape: Shape<T>,
  others: readonly string[],
): { own: Readonly<T>; rest: object } {
  for (const name of Object.keys(options)) {
    if (!OF_READERS.includes(name) || Object.hasOwn(shape, name) || others.includes(name)) continue;
    throw new InvalidOptionsError(
      `${place}.${name}`,
      'is an option of the @Cacheable or @CacheBatch that reads the key; write it there',
    );
  }
  return readOptions(options, place, shape, others);
}

/** @throws {InvalidOptionsError} for an option that is meant for single calls. */
function refuseForceFresh(options: object, place: string): void {
  if ((options as { forceFresh?: unknown }).forceFresh === undefined) return;
  throw new InvalidOptionsError(
    `${place}.forceFresh`,
    'would have every call compute; for one call, write forceFresh(() => service.method(…)), imported from nestjs-memcached',
  );
}

/**
 * Refuses a text, and whatever else is no object, where options are meant, and says what to write.
 *
 * @throws {DecoratorError} when the class is defined.
 */
export function refuseBareText(decorator: string, options: unknown, option: 'key' | 'prefix'): void {
  if (typeof options === 'string') {
    const begin = options.endsWith(':') ? options : `${options}:`;
    const written = options.includes('{') ? options : begin + (option === 'key' ? '{0}' : '');
    throw new DecoratorError(`${decorator}('${options}'): write ${decorator}({ ${option}: '${written}' })`);
  }
  const example = `{ ${option}: 'product:${option === 'key' ? '{0}' : ''}' }`;
  // Without parentheses, it is given what it stands on: a class, or its prototype.
  if (typeof options === 'function' || Object.hasOwn(Object(options) as object, 'constructor')) {
    throw new DecoratorError(`${decorator} takes its options in parentheses: ${decorator}(${example})`);
  }
  const wrong = wrongAsObject(options, example);
  if (wrong !== undefined) throw new DecoratorError(`${decorator}: ${wrong}`);
}
