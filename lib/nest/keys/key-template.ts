import { DecoratorError } from '../../errors.js';
import { canonicalForm } from './canonical.js';
import { escapeText } from './escape.js';

/** A key pattern such as `'product:{0}'`, taken apart. */
export interface KeyTemplate {
  /** Texts around the placeholders: always one more than there are placeholders. */
  readonly literals: readonly string[];
  readonly placeholders: readonly Placeholder[];
  readonly written: string;
}

/** A place in a template that a value goes into. */
export interface Placeholder {
  /** Position of the argument; `'result'` is what the method returned. */
  readonly source: number | 'result';
  /** Properties to walk from there: `{0.tenant.id}` -> `['tenant', 'id']`. */
  readonly path: readonly string[];
  /** Whether what the path leads to may be missing: `{0.page?}`. */
  readonly isOptional: boolean;
  /** As written, for messages. */
  readonly written: string;
}

/** A template, and what stands before it in every key, from `@CacheDefaults`. */
export interface KeyForm {
  readonly prefix: string;
  readonly template: KeyTemplate;
}

const PLACEHOLDER = /^(\d+|result|[A-Za-z_$][\w$]*)((?:\.[^.{}\s?]+)*)(\?)?$/;

/** A character that no value in a key contains, so that it shows where one value ends and the next begins. */
const SEPARATOR = /[:/|;#?&]/;

/**
 * Takes a template apart.
 *
 * @param written literal text with placeholders: `{0}` (the first argument), `{0.tenant.id}` (a property of it), `{0.page?}`
 *   (one that may be missing), `{id}` (the argument called `id` in `params`), `{result.id}` (of what the method returned).
 * @param params the method's parameter names, in order.
 * @throws {DecoratorError} when it cannot be meant; the message says what to write instead.
 */
export function parseTemplate(written: string, params: readonly string[] | undefined): KeyTemplate {
  const pieces = written.split(/\{([^{}]*)\}/);
  const literals = pieces.filter((_, index) => index % 2 === 0);
  const stray = literals.find((literal) => /[{}]/.test(literal));
  if (stray !== undefined) {
    throw new DecoratorError(
      `key '${written}': a brace without its partner; placeholders look like {0} or {id}`,
    );
  }
  const placeholders = pieces
    .filter((_, index) => index % 2 === 1)
    .map((piece) => parsePlaceholder(piece, written, params));
  literals.slice(1, -1).forEach((literal, index) => {
    if (SEPARATOR.test(literal)) return;
    const pair = `{${placeholders[index].written}} and {${placeholders[index + 1].written}}`;
    throw new DecoratorError(
      `key '${written}': ${pair} need a separator between them that no value contains, such as ':'`,
    );
  });
  if (written.trim() === '') throw new DecoratorError('key: an empty template cannot be a key');
  return { literals, placeholders, written };
}

function parsePlaceholder(
  piece: string,
  written: string,
  params: readonly string[] | undefined,
): Placeholder {
  const match = PLACEHOLDER.exec(piece);
  if (match === null) {
    throw new DecoratorError(
      `key '${written}': '{${piece}}' is no placeholder; write {0}, {0.tenant.id}, {result.id}, or {id} with params: ['id']`,
    );
  }
  const [, root, steps, mark] = match;
  const isOptional = mark === '?';
  const path = steps === '' ? [] : steps.slice(1).split('.');
  if (/^\d+$/.test(root)) return { source: Number(root), path, isOptional, written: piece };
  const position = params?.indexOf(root) ?? -1;
  if (position >= 0) return { source: position, path, isOptional, written: piece };
  if (root === 'result') return { source: 'result', path, isOptional, written: piece };
  throw new DecoratorError(
    params === undefined
      ? `key '${written}': {${root}} needs the parameters' names in order, such as params: ['${root}']; or write {0}`
      : `key '${written}': there is no parameter '${root}' among params (${params.join(', ')})`,
  );
}

/** A key or tag ready to be made. */
export interface CompiledKey {
  /** Whether it can be made only when the method has returned. */
  readonly usesResult: boolean;
  /** Undefined for functions. */
  readonly template?: KeyTemplate;
  /** The user's function, where one makes it of the arguments. */
  readonly by?: unknown;
  /** @throws {DecoratorError} for values without a stable form, and for functions that return no key. */
  make(args: readonly unknown[], result: unknown): string;
}

/** Makes a template that is known to be sound ready. */
export function compiledTemplate(template: KeyTemplate): CompiledKey {
  return {
    usesResult: template.placeholders.some(({ source }) => source === 'result'),
    template,
    make: onlyPart(template) ?? ((args, result) => fillTemplate(template, args, result)),
  };
}

/** A key or tag that is always the same. */
export function fixedKey(written: string): CompiledKey {
  return compiledTemplate({ literals: [written], placeholders: [], written });
}

/** Fills a template that asks for one argument as it is, as most do, and that of a text or a number. */
function onlyPart(template: KeyTemplate): CompiledKey['make'] | undefined {
  const { literals, placeholders } = template;
  if (placeholders.length !== 1) return undefined;
  const [{ source, path }] = placeholders;
  if (typeof source !== 'number' || path.length > 0) return undefined;
  const [before, behind] = literals;
  return (args) => {
    const part = simplePart(args[source]);
    return part === undefined ? fillTemplate(template, args) : before + part + behind;
  };
}

/**
 * Fills a template.
 *
 * Texts, numbers, bigints and booleans go in as their text, so `1` and `'1'` make the same key: one half of an
 * application often has the id of the route, the other the one of the database. `undefined` and `null` have forms that
 * no text has, objects go in by their canonical form.
 *
 * @param args the method's arguments.
 * @param result what the method returned, where it is known.
 * @returns a key; keys of one template are equal only if all their values are.
 * @throws {DecoratorError} for a value without a stable form, and for a path that leads to nothing: all calls without
 *   it would share a key.
 */
export function fillTemplate(template: KeyTemplate, args: readonly unknown[], result?: unknown): string {
  const { literals, placeholders } = template;
  let key = literals[0];
  for (let index = 0; index < placeholders.length; index += 1) {
    const { source, path, isOptional, written } = placeholders[index];
    const whole = source === 'result' ? result : args[source];
    const value = path.length === 0 ? whole : path.reduce<unknown>(property, whole);
    if (value === undefined && path.length > 0 && !isOptional) {
      const mend =
        typeof whole === 'string' || typeof whole === 'number'
          ? `the value is a ${typeof whole} itself: write {${written.split('.')[0]}}`
          : `mend the path, or write {${written}?} if calls without it belong together`;
      throw new DecoratorError(
        `key '${template.written}': {${written}} is undefined, and all calls without it would share a key; ${mend}`,
      );
    }
    const part = simplePart(value) ?? canonicalForm(value, `key '${template.written}': {${written}}`);
    key += part + literals[index + 1];
  }
  return key;
}

function property(value: unknown, name: string): unknown {
  return value == null ? undefined : (value as Record<string, unknown>)[name];
}

/**
 * Writes one value for its place between the literal texts of a key.
 *
 * @param place where the value stands, as the message should call it.
 * @throws {DecoratorError} for a value without a stable form.
 */
export function partOfKey(value: unknown, place: string): string {
  return simplePart(value) ?? canonicalForm(value, place);
}

/** The same of texts, numbers and truth values. */
function simplePart(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? '%e' : escapeText(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return undefined;
}

/**
 * Makes a key for the service's own methods as a decorator with this template would: the same escapes, the same key.
 *
 * @param template text with placeholders by position: `'product:{0}'`, `'{0.tenant.id}:orders'`.
 * @param args one value for each position.
 * @throws {DecoratorError} for a template that cannot be meant, for another number of values than it has positions, and
 *   for a value without a stable form.
 * @example
 * await cache.invalidate(cacheKey('product:{0}', id), 'products');
 */
export function cacheKey(template: string, ...args: readonly unknown[]): string {
  const parsed = parseTemplate(template, undefined);
  for (const { source, written } of parsed.placeholders) {
    if (source === 'result' || source < args.length) continue;
    throw new DecoratorError(
      `key '${template}': there is no value for {${written}}; cacheKey got ${args.length === 0 ? 'none' : args.length}`,
    );
  }
  const unused = args.findIndex((_, index) => !parsed.placeholders.some(({ source }) => source === index));
  if (unused >= 0) {
    throw new DecoratorError(
      `key '${template}': no placeholder takes value ${unused}; write {${unused}} where it belongs`,
    );
  }
  return fillTemplate(parsed, args);
}
