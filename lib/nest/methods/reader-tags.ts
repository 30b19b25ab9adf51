import { DecoratorError } from '../../errors.js';
import { patternOf } from '../keys/key-compiler.js';
import {
  compiledTemplate,
  type CompiledKey,
  type KeyTemplate,
  type Placeholder,
} from '../keys/key-template.js';

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
  /** Class, method and decorator. */
  readonly place: string;
}

/** Whether two decorators mean the same keys, whatever their arguments are called. */
export function meansKeysOf(one: KeyUse, other: KeyUse): boolean {
  const [a, b] = [shapeOf(one), shapeOf(other)];
  return a !== undefined && a === b;
}

/**
 * The tags that whoever stores under a reader's keys has to give its values, since the reader looks for them.
 *
 * @returns those that can be made of what the writer's key is made of, and that the writer does not name itself.
 * @throws {DecoratorError} for one that cannot.
 */
export function tagsFor(writer: KeyUse, reader: KeyUse): CompiledKey[] {
  const own = new Set(writer.tags.map(({ template }) => template && blank(template)));
  const mayBeNamed = writer.hasTagsOfValue || own.has(undefined);
  if (reader.hasTagsOfValue && !mayBeNamed) {
    throw new DecoratorError(
      `${reader.place} reads what is stored here and tags it by 'tagsOf', which is not known here; ` +
        `name the same tags ${writer.knowsResult ? "by 'tagsOf'" : "in 'tags', by a function of the arguments"}, ` +
        'or invalidations of them would miss this value',
    );
  }
  return reader.tags.flatMap((tag) => {
    if (tag.template !== undefined && own.has(blank(tag.template))) return [];
    const made = tag.template && translated(tag.template, reader.key?.template, writer.key?.template);
    if (made !== undefined) return [compiledTemplate(made)];
    if (mayBeNamed) return [];
    const name = tag.template === undefined ? 'made by a function' : `'${tag.template.written}'`;
    throw new DecoratorError(
      `${reader.place} reads what is stored here and wants it to bear its tag ${name}, which cannot be made of this key; ` +
        `name the same tag in 'tags', ${writer.knowsResult ? 'such as one of {result.…}' : 'which the arguments have to tell'}`,
    );
  });
}

/** A template with the writer's sources in the place of the reader's; undefined where one has no counterpart. */
function translated(
  tag: KeyTemplate,
  from: KeyTemplate | undefined,
  to: KeyTemplate | undefined,
): KeyTemplate | undefined {
  const placeholders: Placeholder[] = [];
  for (const asked of tag.placeholders) {
    const position = from?.placeholders.findIndex((each) => sourceOf(each) === sourceOf(asked)) ?? -1;
    const counterpart = to?.placeholders[position];
    if (counterpart === undefined) return undefined;
    placeholders.push(counterpart);
  }
  return { ...tag, placeholders };
}

function sourceOf({ source, path }: Placeholder): string {
  return [source, ...path].join('.');
}

function shapeOf({ prefix, key }: KeyUse): string | undefined {
  return key?.template && prefix + blank(key.template);
}

/** What a template's texts look like, whatever goes in between. */
function blank(template: KeyTemplate): string {
  return patternOf({
    ...template,
    placeholders: template.placeholders.map((each) => ({ ...each, source: 0, path: [] })),
  });
}
