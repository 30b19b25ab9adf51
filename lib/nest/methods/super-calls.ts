import type { Type } from '@nestjs/common';
import { forPattern } from '../keys/escape.js';

/** A text, which is kept since a comment may seem to begin in it, or a comment, where one can stand. */
const TEXT_OR_COMMENT =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=^|[\s;,(){}[\]])(?:\/\*[\s\S]*?\*\/|\/\/[^\n]*)/gm;

/**
 * Whether a class that overrides a method calls the one above it all the same, as far as its text tells: by `super`, or by the
 * prototype of a class above.
 *
 * @param type the class that overrides the method.
 * @param above the classes above it, up to the one that declares the method.
 */
export function callsInherited(type: Type, property: string | symbol, above: readonly Type[]): boolean {
  const code = Function.prototype.toString
    .call(type)
    .replace(TEXT_OR_COMMENT, (found) => (found.startsWith('/') ? ' ' : found));
  const names = above.map(({ name }) => name).filter((name) => name !== '');
  const owners = ['super', ...names.map((name) => `${forPattern(name)}\\s*\\.\\s*prototype`)].join('|');
  return new RegExp(`(?<![\\w$])(?:${owners})\\s*(?:${accessOf(property)})`).test(code);
}

/** How a member is asked for; what stands in brackets may be any, unless it is the text of another. */
function accessOf(property: string | symbol): string {
  if (typeof property === 'symbol') return '\\[(?!\\s*[\'"`])';
  const name = forPattern(property);
  return `\\.\\s*${name}(?![\\w$])|\\[(?!\\s*(['"\`])(?!${name}\\1)[^'"\`]*\\1\\s*\\])`;
}
