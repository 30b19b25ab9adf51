import { DecoratorError } from '../../errors.js';
import { forPattern } from '../keys/escape.js';
import { patternOf } from '../keys/key-compiler.js';
import {
  compiledTemplate,
  type CompiledKey,
  type KeyTemplate,
  type Placeholder,
} from '../keys/key-template.js';

/** How a reader makes the key under which another one stores. */
export interface KeyOverlap {
  readonly reader: KeyUse;
  /** What the writer's key has in the places of the reader's placeholders; none where both make their key by one function. */
  readonly parts: readonly Part[];
  /** Whether the two mean the same keys; otherwise the reader may mean the writer's among others. */
  readonly isSame: boolean;
}

/** How a decorator's keys and tags are made, for others that store or invalidate under the same keys. */
export interface KeyUse {
  /** What stands before the key, from `@CacheDefaults`. */
  readonly prefix: string;
  readonly key: CompiledKey | undefined;
  readonly tags: readonly CompiledKey[];
  /** Whether more tags are known only from the value. */
  readonly hasTagsOfValue: boolean;
  /** Of those that store for others: whether their tags may be made of what the method returned. */
  readonly knowsResult: boolean;
  /** Of those that store for others: whether it is written there how long a stale value is kept. */
  readonly saysGrace: boolean;
  /** Of those that store for others: whether it is lost where a reader takes it for nothing, and nothing is said of its tags. */
  readonly mayBeLost: boolean;
  /** Class, method and decorator. */
  readonly place: string;
}

/** A piece of a key's template. */
type Part = Pick<KeyTemplate, 'literals' | 'placeholders'>;

/** What stands in the place of a value: no value contains a character that separates values. */
const VALUE = '([^:/|;#?&]*)';

/** How a reader's keys overlap with a writer's; undefined where they do not, as far as can be told from what was written. */
export function overlapOf(writer: KeyUse, reader: KeyUse): KeyOverlap | undefined {
  if (writer.key === undefined || reader.key === undefined) return undefined;
  const [from, to] = [reader.key.template, writer.key.template];
  if (from === undefined || to === undefined) {
    const isOne = from === to && reader.key.by === writer.key.by && reader.prefix === writer.prefix;
    return isOne ? { reader, parts: [], isSame: true } : undefined;
  }
  const [first, ...others] = from.literals.map(forPattern);
  const pattern = new RegExp(`^${forPattern(reader.prefix)}${[first, ...others].join(VALUE)}$`);
  const found = pattern.exec(writer.prefix + numbered(to));
  if (found === null) return undefined;
  const parts = found.slice(1).map((part) => partOf(part, to.placeholders));
  return { reader, parts, isSame: parts.every(isOnePlaceholder) };
}

/** Whether a reader may read what is stored under a key that only a function tells. */
export function mayOverlap(writer: KeyUse, reader: KeyUse): boolean {
  const isUnknown = writer.key?.template === undefined || reader.key?.template === undefined;
  const wantsTags = reader.tags.length > 0 || reader.hasTagsOfValue;
  return isUnknown && reader.key !== undefined && writer.prefix === reader.prefix && wantsTags;
}

/** Whether a reader that may mean a writer's key has tags that cannot be made of it, where the writer names none. */
export function lacksTags(writer: KeyUse, overlap: KeyOverlap): boolean {
  const { tags, hasTagsOfValue } = overlap.reader;
  return hasTagsOfValue || tagsFor(writer, overlap).length < tags.length;
}

/**
 * The tags that whoever stores under a reader's keys has to give its values, since the reader looks for them.
 *
 * @returns those that can be made of what the writer's key is made of, and that the writer does not name itself.
 * @throws {DecoratorError} for one that cannot, where the two mean the same keys.
 */
export function tagsFor(writer: KeyUse, { reader, parts, isSame }: KeyOverlap): CompiledKey[] {
  const own = new Set(writer.tags.map(({ template }) => template && blank(template)));
  const mayBeNamed = writer.hasTagsOfValue || own.has(undefined) || !isSame;
  if (reader.hasTagsOfValue && !mayBeNamed) {
    throw new DecoratorError(
      `${reader.place} reads what is stored here and tags it by 'tagsOf', which is not known here; ` +
        `name the same tags ${writer.knowsResult ? "by 'tagsOf'" : "in 'tags', by a function of the arguments"}, ` +
        'or invalidations of them would miss this value',
    );
  }
  return reader.tags.flatMap((tag) => {
    if (tag.template !== undefined && own.has(blank(tag.template))) return [];
    const made = tag.template && translated(tag.template, reader.key?.template, parts);
    if (made !== undefined) return [compiledTemplate(made)];
    if (mayBeNamed) return [];
    const name = tag.template === undefined ? 'made by a function' : `'${tag.template.written}'`;
    throw new DecoratorError(
      `${reader.place} reads what is stored here and wants it to bear its tag ${name}, which cannot be made of this key; ` +
        `name the same tag in 'tags', ${writer.knowsResult ? 'such as one of {result.…}' : 'which the arguments have to tell'}`,
    );
  });
}

/** A reader's template with what the writer has in its places; undefined where one has no counterpart. */
function translated(
  tag: KeyTemplate,
  from: KeyTemplate | undefined,
  parts: readonly Part[],
): KeyTemplate | undefined {
  const literals = [tag.literals[0]];
  const placeholders: Placeholder[] = [];
  const append = (text: string): void => void literals.push((literals.pop() ?? '') + text);
  for (const [index, asked] of tag.placeholders.entries()) {
    const position = from?.placeholders.findIndex((each) => sourceOf(each) === sourceOf(asked)) ?? -1;
    const part = parts[position] as Part | undefined;
    if (part === undefined) return undefined;
    append(part.literals[0]);
    literals.push(...part.literals.slice(1));
    placeholders.push(...part.placeholders);
    append(tag.literals[index + 1]);
  }
  return { ...tag, literals, placeholders };
}

function sourceOf({ source, path }: Placeholder): string {
  return [source, ...path].join('.');
}

/** A template as a text in which its placeholders stand by their numbers; no literal has a brace. */
function numbered({ literals, placeholders, written }: KeyTemplate): string {
  const byNumber = placeholders.map((each, source) => ({ ...each, source, path: [] }));
  return patternOf({ literals, placeholders: byNumber, written });
}

function partOf(text: string, placeholders: readonly Placeholder[]): Part {
  const pieces = text.split(/\{(\d+)\}/);
  return {
    literals: pieces.filter((_, index) => index % 2 === 0),
    placeholders: pieces.filter((_, index) => index % 2 === 1).map((number) => placeholders[Number(number)]),
  };
}

function isOnePlaceholder({ literals, placeholders }: Part): boolean {
  return placeholders.length === 1 && literals.every((literal) => literal === '');
}

/** What a template's texts look like, whatever goes in between. */
function blank(template: KeyTemplate): string {
  return patternOf({
    ...template,
    placeholders: template.placeholders.map((each) => ({ ...each, source: 0, path: [] })),
  });
}
