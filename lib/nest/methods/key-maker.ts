import { DecoratorError } from '../../errors.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import type { VaryBy } from '../../options/vary-by.js';
import type { CacheKeyPart } from '../keys/canonical.js';
import { escapeText } from '../keys/escape.js';
import { compileKey, defaultKey } from '../keys/key-compiler.js';
import type { CompiledKey, KeyForm, KeyTemplate } from '../keys/key-template.js';
import type { KeyOption } from '../../options/key-option.js';
import type { SharedOptions } from '../../options/decorator-options.js';
import type { Call } from './call.js';
import type { Common, MethodFacts } from './operation.js';
import { withPlace } from './with-place.js';
import type { KeyUse } from './key-overlap.js';

/** Makes keys for one decorator; messages name the place. */
export class KeyMaker {
  /** What the keys depend on beside the arguments. */
  readonly varyBy: readonly VaryBy[];
  readonly #facts: MethodFacts;
  readonly #params: readonly string[] | undefined;
  /** Whether only a call tells what its key names: for a reader of which nobody knows how many parameters it takes. */
  readonly #mayBeBlind: boolean;

  constructor(facts: MethodFacts, options: SharedOptions & { readonly sharedByAll?: boolean }) {
    this.varyBy = options.varyBy ?? facts.defaults.varyBy;
    this.#facts = facts;
    this.#params = options.params;
    this.#mayBeBlind = options.sharedByAll === false && facts.signature.arity === undefined;
  }

  /** @param hasResult whether keys are made after the method has returned. */
  compile(spec: KeyOption, hasResult = false): CompiledKey {
    const { arity, paramTypes, current, loading } = this.#facts.signature;
    const leftOut = new Map([
      [current, '@Current()'],
      [loading, '@Loading()'],
    ]);
    return compileKey(spec, { params: this.#params, arity, paramTypes, leftOut, hasResult });
  }

  /**
   * @param key undefined for the default key.
   * @throws {DecoratorError} for arguments without a stable form, and for a `varyBy` that is undefined.
   */
  key(call: Call, key: CompiledKey | undefined, result?: unknown): string {
    return withPlace(this.#facts.place, () => this.#varied(call, this.#own(call, key, result)));
  }

  /**
   * As `key`, for a method that can do without: where there is nothing to make a key of, that is noted.
   *
   * @param result what the method returned, where the key is made of it.
   * @returns undefined where there is no key, and the method is to run uncached.
   * @throws {DecoratorError} for a `varyBy` that is undefined.
   */
  keyIfAny(call: Call, key: CompiledKey | undefined, result?: unknown): string | undefined {
    let own: string;
    try {
      if (this.#mayBeBlind && key?.template !== undefined) this.#refuseBlindness(call, key.template);
      own = this.#own(call, key, result);
    } catch (error) {
      this.#note(call, error);
      return undefined;
    }
    return this.varyBy.length === 0 ? own : this.#variedInPlace(call, own);
  }

  /**
   * Looks at what a key depends on beside the arguments, before a method acts whose result makes the rest of it.
   *
   * @throws {DecoratorError} for a `varyBy` that is undefined.
   */
  checkVaryBy(call: Call): void {
    if (this.varyBy.length > 0) this.#variedInPlace(call, '');
  }

  /** The template of the keys, by whose name they are counted; undefined for those of functions and for default keys. */
  form(key: CompiledKey | undefined): KeyForm | undefined {
    return key?.template && { prefix: this.#facts.defaults.prefix, template: key.template };
  }

  /** What the objects of a class that make these keys have to have in common. */
  commonTo(key: CompiledKey | undefined): Common | undefined {
    if (key !== undefined) return 'state';
    return this.#facts.tellsObjectsApart ? undefined : 'making';
  }

  /** How keys and tags are made here, for others that mean the same keys. */
  use(
    key: CompiledKey | undefined,
    tags: readonly CompiledKey[],
    {
      hasTagsOfValue = false,
      knowsResult = false,
      saysGrace = false,
      mayBeLost = false,
    }: Partial<Omit<KeyUse, 'prefix' | 'key' | 'tags' | 'place'>> = {},
  ): KeyUse {
    const { defaults, place } = this.#facts;
    const { prefix } = defaults;
    return { prefix, key, tags, hasTagsOfValue, knowsResult, saysGrace, mayBeLost, place };
  }

  /** Tags, which do not vary: invalidating one is meant for all. */
  tags(call: Call, tags: readonly CompiledKey[], result?: unknown): string[] {
    if (tags.length === 0) return [];
    return withPlace(this.#facts.place, () => tags.map((tag) => tag.make(call.args, result)));
  }

  /** As `tags`, for a method that can do without: where there is nothing to make one of, that is noted, and there are none. */
  tagsIfAny(call: Call, tags: readonly CompiledKey[], result?: unknown): string[] | undefined {
    try {
      return tags.map((tag) => tag.make(call.args, result));
    } catch (error) {
      this.#note(call, error);
      return undefined;
    }
  }

  #note(call: Call, error: unknown): void {
    const message =
      error instanceof DecoratorError
        ? error.message
        : `its key or a tag could not be made: ${String(error)}`;
    call.cache.uncached.note(this.#facts.place, 'key', message);
  }

  /**
   * Where nobody could tell beforehand how many parameters the method takes, a call tells more.
   *
   * @throws {DecoratorError} where a template names none of those that were given, and none that is known to be there.
   */
  #refuseBlindness({ args }: Call, { placeholders, written }: KeyTemplate): void {
    const { paramTypes, isCalledByNest } = this.#facts.signature;
    if (args.length === 0) return;
    // Whatever Nest passes beside, and callers who pass too much, are no parameters.
    if (placeholders.length === 0 && (paramTypes !== undefined || isCalledByNest)) return;
    const known = Math.max(args.length, paramTypes?.length ?? 0);
    if (placeholders.some(({ source }) => source === 'result' || source < known)) return;
    throw new DecoratorError(
      `key '${written}' names none of the arguments, so that all calls would get one answer; ` +
        "write them as {0} (or {id} with params: ['id']), or say 'sharedByAll: true' if one answer is meant for all",
    );
  }

  #own(call: Call, key: CompiledKey | undefined, result: unknown): string {
    const { prefix } = this.#facts.defaults;
    return prefix + (key === undefined ? this.#defaultKey(call) : key.make(call.args, result));
  }

  #varied(call: Call, own: string): string {
    return this.varyBy.length === 0 ? own : own + call.cache.varied(this.varyBy);
  }

  #variedInPlace(call: Call, own: string): string {
    return withPlace(this.#facts.place, () => this.#varied(call, own));
  }

  #defaultKey({ cache, self, args }: Call): string {
    const owner = self.constructor as { new (): unknown; name: string };
    const { declarer, method, signature, tellsObjectsApart } = this.#facts;
    cache.claimName(owner);
    // Nest passes more to handlers and resolvers than they take: the socket, the context of the message.
    const taken = signature.isCalledByNest ? args.slice(0, signature.arity) : args;
    const { loading } = signature;
    const own = loading === undefined ? taken : taken.filter((_arg, index) => index !== loading);
    const object = tellsObjectsApart ? [formOf(self as CacheKeyPart), ...own] : own;
    const made = defaultKey(owner.name, declarer, method, object);
    // Another module may know another class of this name, on the same servers.
    return cache.name === DEFAULT_NAME ? made : `${escapeText(cache.name)}@${made}`;
  }
}

function formOf(self: CacheKeyPart): unknown {
  const form = self.toCacheKey();
  if (form !== undefined) return form;
  throw new DecoratorError(
    'toCacheKey() of its object returned undefined, which tells no object from another',
  );
}
