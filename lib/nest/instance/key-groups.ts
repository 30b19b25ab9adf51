import { forPattern } from '../keys/escape.js';
import type { KeyTemplate } from '../keys/key-template.js';

/** Characters that end the first part of a key. No value that a template or a default key takes in contains one. */
const SEPARATOR = /[:/|;#?&(]/;

/** A part of a key that reads like a name: an id has more digits, and ids of letters are bounded by their number. */
const NAME = /^[A-Za-z_]\D*(?:\d\D*){0,2}$/;

/** What names in code are written with, and addresses of people are not; a whole key, which may be anything, without dots. */
const PLAIN = { first: /^[\w.-]+$/, whole: /^[\w-]+$/ };

const MAX_NAME_LENGTH = 64;

/** So many groups that no template names are told apart; the keys of further ones are of the group `*`. */
const MAX_DERIVED = 100;

/** The group of all keys that are of no other. */
const REST = '*';

/**
 * Which keys belong together, for metrics: bounded in number, whatever keys there are.
 *
 * The keys of a decorator's template are the group that bears the template as its name, whoever uses them: `product:{0}`. Of
 * others, the first part is: `product:*`, `ProductService.find` of a default key, `http:ProductController.list` of a route; the
 * whole key, where it is one word. What does not read like a name, and what is beyond a hundred such, is `*`.
 */
export class KeyGroups {
  /** By the first part of their keys; `''` for those that do not begin with one. */
  readonly #templates = new Map<string, Template[]>();
  readonly #derived = new Set<string>();
  readonly #withKeys: boolean;

  /** @param withKeys whether a part of a key may be told, which is not made of the names of classes. */
  constructor(withKeys: boolean) {
    this.#withKeys = withKeys;
  }

  /** Names the keys of a template. Of templates of one shape, the first gives the name. */
  add(prefix: string, { literals, written }: KeyTemplate): void {
    const [first, ...others] = literals.map((literal, index) => (index === 0 ? prefix + literal : literal));
    const end = first.search(SEPARATOR);
    const head = end >= 0 ? first.slice(0, end) : others.length === 0 ? first : '';
    const values = others.map((literal) => `[^:/|;#?&]*${forPattern(literal)}`).join('');
    const pattern = new RegExp(`^${forPattern(first)}${values}(?:\\||$)`);
    const known = this.#templates.get(head) ?? [];
    if (known.some((other) => other.pattern.source === pattern.source)) return;
    known.push({ pattern, group: prefix + written, weight: first.length + others.join('').length });
    // The more of a key a template says, the more is it the one that is meant.
    known.sort((one, other) => other.weight - one.weight);
    this.#templates.set(head, known);
  }

  /** The group of a key, or of a tag. */
  of(key: string): string {
    const end = key.search(SEPARATOR);
    const head = end < 0 ? key : key.slice(0, end);
    return this.#named(head, key) ?? this.#named('', key) ?? this.#derive(head, key, end);
  }

  #named(head: string, key: string): string | undefined {
    return this.#templates.get(head)?.find(({ pattern }) => pattern.test(key))?.group;
  }

  #derive(head: string, key: string, end: number): string {
    const form = this.#formOf(head, key, end);
    if (form === undefined || this.#derived.has(form)) return form ?? REST;
    if (this.#derived.size >= MAX_DERIVED) return REST;
    this.#derived.add(form);
    return form;
  }

  #formOf(head: string, key: string, end: number): string | undefined {
    if (end >= 0 && head === 'http') return key.split(':', 2).join(':');
    if (!isName(head)) return undefined;
    if (key[end] === '(') return head;
    if (!this.#withKeys || !PLAIN[end < 0 ? 'whole' : 'first'].test(head)) return undefined;
    return end < 0 ? head : `${head}${key[end]}*`;
  }
}

/** A template, ready to tell its keys from others. */
interface Template {
  readonly pattern: RegExp;
  readonly group: string;
  /** How many characters it says itself. */
  readonly weight: number;
}

function isName(part: string): boolean {
  return part.length <= MAX_NAME_LENGTH && NAME.test(part);
}
