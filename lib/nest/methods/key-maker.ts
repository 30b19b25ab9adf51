import { compileKey, type CompiledKey, defaultKey, type KeySpec } from '../keys/key-compiler.js';
import type { VaryBy } from '../instance/vary-by.js';
import type { SharedOptions } from './decorator-options.js';
import type { Call, MethodFacts } from './operation.js';
import { placed } from './place.js';

/** Makes keys for one decorator; messages name the place. */
export class KeyMaker {
  /** What the keys depend on beside the arguments. */
  readonly varyBy: readonly VaryBy[];
  readonly #facts: MethodFacts;
  readonly #params: readonly string[] | undefined;

  constructor(facts: MethodFacts, options: SharedOptions) {
    this.varyBy = options.varyBy ?? facts.defaults.varyBy;
    this.#facts = facts;
    this.#params = options.params;
  }

  /** @param hasResult whether keys are made after the method has returned. */
  compile(spec: KeySpec, hasResult = false): CompiledKey {
    return compileKey(spec, { params: this.#params, arity: this.#facts.arity, hasResult });
  }

  /**
   * @param key undefined for the default key.
   * @throws {DecoratorError} for arguments without a stable form, and for a `varyBy` that is undefined.
   */
  key(call: Call, key: CompiledKey | undefined, result?: unknown): string {
    return placed(this.#facts.place, () => {
      const { prefix } = this.#facts.defaults;
      const own = prefix + (key === undefined ? this.#defaultKey(call) : key.make(call.args, result));
      return this.varyBy.length === 0 ? own : own + call.cache.varied(this.varyBy);
    });
  }

  /** What keys made by this maker look like; undefined where that cannot be told from what was written. */
  pattern(key: CompiledKey | undefined): string | undefined {
    return key?.pattern === undefined ? undefined : this.#facts.defaults.prefix + key.pattern;
  }

  /** Tags, which do not vary: invalidating one is meant for all. */
  tags(call: Call, tags: readonly CompiledKey[], result?: unknown): string[] {
    if (tags.length === 0) return [];
    return placed(this.#facts.place, () => tags.map((tag) => tag.make(call.args, result)));
  }

  #defaultKey({ cache, self, args }: Call): string {
    const owner = self.constructor as { new (): unknown; name: string };
    const { arity, declarer, method } = this.#facts;
    cache.claimName(owner);
    // Nest passes more to handlers and resolvers than they take: the socket, the context of the message.
    return defaultKey(owner.name, declarer, method, args.slice(0, arity));
  }
}
