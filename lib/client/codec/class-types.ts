import { InvalidOptionsError } from '../../errors.js';
import type { ClassTransformer, Constructor, StoredClass } from '../../options/codec-options.js';

/** The classes of `codec.types`, found by a value's prototype when storing, by their name when reading. */
export class ClassTypes {
  readonly #byPrototype = new Map<object, ClassType>();
  readonly #byName = new Map<string, ClassType>();
  readonly #transformer: ClassTransformer | undefined;

  constructor(types: Readonly<Record<string, StoredClass>>, transformer: ClassTransformer | undefined) {
    this.#transformer = transformer;
    this.add(types);
  }

  /**
   * Adds classes; one that is known already stays as it is, under whatever name.
   *
   * @throws {InvalidOptionsError} for a name that another class has.
   */
  add(types: Readonly<Record<string, StoredClass>>): void {
    for (const [name, stored] of Object.entries(types)) {
      if (this.#byPrototype.has(stored.class.prototype as object)) continue;
      if (this.#byName.has(name)) {
        throw new InvalidOptionsError(
          `codec.types.${name}`,
          `two classes are called ${name}; name one of them otherwise, as in codec: { types: { Other${name}: ${name} } }`,
        );
      }
      const type = toClassType(name, stored, this.#transformer);
      this.#byPrototype.set(type.class.prototype as object, type);
      this.#byName.set(name, type);
    }
  }

  /** Subclasses are classes of their own. */
  ofPrototype(prototype: object): ClassType | undefined {
    return this.#byPrototype.get(prototype);
  }

  named(name: string): ClassType | undefined {
    return this.#byName.get(name);
  }
}

/** A class of `codec.types`, with how its instances travel. */
export interface ClassType {
  readonly name: string;
  readonly class: Constructor;
  /** `undefined`: its own enumerable properties are stored. */
  readonly toPlain: ((instance: object) => unknown) | undefined;
  /** `undefined`: an object with the class's prototype gets the stored properties; no constructor is called. */
  readonly revive: ((plain: unknown) => object) | undefined;
}

function toClassType(
  name: string,
  stored: StoredClass,
  transformer: ClassTransformer | undefined,
): ClassType {
  const { class: maker, toPlain, revive } = stored;
  if (revive === undefined && transformer !== undefined) {
    return {
      name,
      class: maker,
      toPlain: (instance) => transformer.instanceToPlain(instance),
      revive: (plain) => transformer.plainToInstance(maker, plain),
    };
  }
  return {
    name,
    class: maker,
    toPlain: toPlain as ClassType['toPlain'],
    revive: revive as ClassType['revive'],
  };
}
