import { DecoratorError } from '../../errors.js';
import type { KeyOption } from '../../options/key-option.js';
import { canonicalForm } from './canonical.js';
import { escapeText } from './escape.js';
import { lacksStableForm } from './stable-types.js';
import {
  compiledTemplate,
  type CompiledKey,
  type KeyTemplate,
  parseTemplate,
  partOfKey,
} from './key-template.js';

/** What a key can be made of, at the place where the decorator stands. */
export interface KeyScope {
  /** The method's parameter names, for templates that use them. */
  readonly params: readonly string[] | undefined;
  /** How many arguments the method takes, where that can be known. */
  readonly arity: number | undefined;
  /** Classes of the parameters, where TypeScript wrote them. */
  readonly paramTypes: readonly unknown[] | undefined;
  /** Parameters that callers leave out, by their positions: the decorators that mark them. */
  readonly leftOut: ReadonlyMap<number | undefined, string>;
  /** Whether the key is made after the method has returned, so that `{result}` means something. */
  readonly hasResult: boolean;
}

/** The class that declares a method, as default keys tell it. */
export interface KeyDeclarer {
  readonly name: string;
  /** How many classes of the same name stand below it, from that of the object on. */
  readonly namesakes: number;
}

/**
 * Turns what a user wrote for a key, or for a tag, into a function; every decorator's keys come from here.
 *
 * @param spec a template, or a function of the arguments that returns the key itself, or a list of parts, which are
 *   escaped like the values in a template and joined by `:`.
 * @throws {DecoratorError} for a template that cannot be meant, or that asks for what is not there.
 */
export function compileKey(spec: KeyOption, scope: KeyScope): CompiledKey {
  if (typeof spec === 'string') {
    const template = parseTemplate(spec, scope.params);
    refuseUnknownSources(template, scope);
    refuseUnstableValues(template, scope);
    return compiledTemplate(template);
  }
  const make = spec as (...args: readonly unknown[]) => unknown;
  return { usesResult: false, by: spec, make: (args) => keyFrom(make(...args)) };
}

/** As `compileKey`, for a function that gets what the method returned before the arguments. */
export function compileResultKey(make: (...resultAndArgs: readonly unknown[]) => unknown): CompiledKey {
  return { usesResult: true, make: (args, result) => keyFrom(make(result, ...args)) };
}

/**
 * The key of a method that names none: its class, its name and the canonical form of its arguments.
 *
 * @param owner the class whose instance is called.
 * @param declarer the class that declares the method, which differs from the owner where it is inherited.
 * @throws {DecoratorError} for an argument without a stable form.
 */
export function defaultKey(
  owner: string,
  { name: declarer, namesakes }: KeyDeclarer,
  method: string,
  args: readonly unknown[],
): string {
  const isOwn = owner === declarer && namesakes === 0;
  const position = namesakes === 0 ? '' : `#${namesakes + 1}`;
  const name = isOwn ? escapeText(owner) : `${escapeText(owner)}/${escapeText(declarer)}${position}`;
  const forms = args.map((arg, index) => canonicalForm(arg, `argument ${index}`));
  return `${name}.${escapeText(method)}(${forms.join()})`;
}

/**
 * Reads what a user's function returned for a key: a text as it is, a list with its parts escaped and joined by `:`.
 *
 * @throws {DecoratorError} for anything else.
 */
export function keyFrom(made: unknown): string {
  if (Array.isArray(made) && made.length > 0) {
    return made.map((part: unknown, index) => partOfKey(part, `key: part ${index}`)).join(':');
  }
  if (typeof made === 'string' && made !== '') return made;
  const what = made === '' ? 'an empty text' : Array.isArray(made) ? 'an empty list' : `a ${typeof made}`;
  throw new DecoratorError(`key: the function returned ${what}, expected a text or a list of parts`);
}

/** What the keys of a template look like: the same text for templates that make the same keys. */
export function patternOf({ literals, placeholders }: KeyTemplate): string {
  const values = placeholders.map(({ source, path }) => `{${[source, ...path].join('.')}}`);
  return literals.map((literal, index) => literal + (values[index] ?? '')).join('');
}

function refuseUnknownSources(template: KeyTemplate, { arity, hasResult, leftOut }: KeyScope): void {
  for (const { source, written } of template.placeholders) {
    if (source === 'result') {
      if (hasResult) continue;
      throw new DecoratorError(
        `key '${template.written}': {${written}} is not known yet when this key is needed, before the method runs`,
      );
    }
    const mark = leftOut.get(source);
    if (mark !== undefined) {
      throw new DecoratorError(
        `key '${template.written}': {${written}} is the parameter marked ${mark}, which callers leave out, so that all calls ` +
          'would share a key; name the parameters that the result depends on',
      );
    }
    if (arity === undefined || source < arity) continue;
    const takes = arity === 0 ? 'no parameter' : arity === 1 ? 'one parameter, {0}' : `${arity} parameters`;
    throw new DecoratorError(
      `key '${template.written}': {${written}} asks for a parameter that does not exist; the method takes ${takes}`,
    );
  }
}

function refuseUnstableValues(template: KeyTemplate, { paramTypes = [] }: KeyScope): void {
  for (const { source, path, written } of template.placeholders) {
    if (source === 'result' || path.length > 0 || !lacksStableForm(paramTypes[source])) continue;
    throw new DecoratorError(
      `key '${template.written}': {${written}} is a ${(paramTypes[source] as { name: string }).name}, an object without a ` +
        `stable form for a key; name its properties, such as {${written}.id}, or give the class a 'toCacheKey()' method`,
    );
  }
}
