import type { Type } from '@nestjs/common';

/** The classes of this process that declare decorated methods, and which of them were provided by a module so far. */
export class DeclaredClasses {
  /** Weakly, so that hot reload can do away with a class. */
  static #declared: WeakRef<Type>[] = [];
  static readonly #provided = new WeakSet<Type>();

  /** Notes that a class declares decorated methods. */
  static declare(type: Type): void {
    DeclaredClasses.#declared.push(new WeakRef(type));
  }

  /** Notes that a module provides objects of a class, which are objects of those above it as well. */
  static provide(type: Type): void {
    for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
      DeclaredClasses.#provided.add(owner as Type);
    }
  }

  /** Those that declare decorated methods and were provided by no module, in any application of the process. */
  static unprovided(): Type[] {
    DeclaredClasses.#declared = DeclaredClasses.#declared.filter((reference) => {
      const type = reference.deref();
      return type !== undefined && !DeclaredClasses.#provided.has(type);
    });
    return DeclaredClasses.#declared.map((reference) => reference.deref() as Type);
  }
}
