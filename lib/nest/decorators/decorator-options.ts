import { InvalidOptionsError } from '../../errors.js';
import { optional, type Reader, readObject, type Shape, text, withDefault } from '../../options/schema.js';
import { compileKey, type CompiledKey, defaultKey, type KeySpec } from '../keys/key-compiler.js';
import type { Vary } from './decorator-host.js';
import { placed } from './decorated-method.js';
import type { Call, MethodFacts } from './operation.js';

/** Name of the module instance that has none. */
export const DEFAULT_INSTANCE = 'default';

/** Called with the method's arguments, whatever they are: TypeScript has seen to it that they fit. */
export type ArgumentsFunction = (...args: readonly unknown[]) => unknown;

/** A key or tag as written. */
export const readKey: Reader<KeySpec> = (value, path) => {
  if (typeof value === 'function') return value as KeySpec;
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new InvalidOptionsError(path, `expected a template like 'product:{0}' or a function`);
};

/** Keys or tags as written: one, or a list of them. */
export const readKeys: Reader<readonly KeySpec[]> = (value, path) => {
  if (!Array.isArray(value)) return [readKey(value, path)];
  return value.map((key, index) => readKey(key, `${path}[${index}]`));
};

const readParams: Reader<readonly string[]> = (value, path) => {
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected a list of parameter names`);
  return value.map((name, index) => text()(name, `${path}[${index}]`));
};

const readVary: Reader<readonly Vary[]> = (value, path) => {
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, `expected a list of names and functions`);
  return value.map((source, index) =>
    typeof source === 'function' ? (source as () => unknown) : text()(source, `${path}[${index}]`),
  );
};

/** Options that the decorators of methods share, as read. */
export interface SharedOptions {
  readonly instance: string;
  readonly params: readonly string[] | undefined;
  readonly vary: readonly Vary[];
}

/** Readers of the shared options. */
export const SHARED: Shape<SharedOptions> = {
  instance: withDefault(text(), DEFAULT_INSTANCE),
  params: optional(readParams),
  vary: withDefault(readVary, []),
};

/**
 * Reads a decorator's own options, and leaves the rest, which is a policy, to whoever knows the defaults.
 *
 * @param place class, method and decorator, which begin the path of a wrong option.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 */
export function readOptions<T extends object>(
  options: object,
  place: string,
  shape: Shape<T>,
): { own: Readonly<T>; rest: object } {
  const entries = Object.entries(options);
  const own = entries.filter(([name]) => Object.hasOwn(shape, name));
  const rest = entries.filter(([name, value]) => !Object.hasOwn(shape, name) && value !== undefined);
  return {
    own: readObject<T>(Object.fromEntries(own), place, shape),
    rest: Object.freeze(Object.fromEntries(rest)),
  };
}

/** The module instance an operation uses, which has to be known before its options are read. */
export function instanceOf(options: { readonly instance?: string }): string {
  return options.instance ?? DEFAULT_INSTANCE;
}

/** Makes keys for one decorator; messages name the place. */
export class KeyMaker {
  readonly #facts: MethodFacts;
  readonly #options: SharedOptions;

  constructor(facts: MethodFacts, options: SharedOptions) {
    this.#facts = facts;
    this.#options = options;
  }

  /** @param hasResult whether keys are made after the method has returned. */
  compile(spec: KeySpec, hasResult = false): CompiledKey {
    return compileKey(spec, { params: this.#options.params, arity: this.#facts.arity, hasResult });
  }

  /**
   * @param key undefined for the default key.
   * @throws {DecoratorError} for arguments without a stable form, and for a `vary` that is undefined.
   */
  key(call: Call, key: CompiledKey | undefined, result?: unknown): string {
    return placed(this.#facts.place, () => {
      const own = key === undefined ? this.#defaultKey(call) : key.make(call.args, result);
      const { vary } = this.#options;
      return vary.length === 0 ? own : own + call.host.varied(vary);
    });
  }

  /** Tags, which do not vary: invalidating one is meant for all. */
  tags(call: Call, tags: readonly CompiledKey[], result?: unknown): string[] {
    if (tags.length === 0) return [];
    return placed(this.#facts.place, () => tags.map((tag) => tag.make(call.args, result)));
  }

  #defaultKey({ host, self, args }: Call): string {
    const owner = self.constructor as { new (): unknown; name: string };
    host.claimName(owner);
    return defaultKey(owner.name, this.#facts.declarer, this.#facts.method, args);
  }
}
