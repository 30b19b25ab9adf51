import type { Type } from '@nestjs/common';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import { compiledOf } from './compiled-operations.js';
import { dependenciesOf, isMadeElsewhere, isMadeOnce, makerOf, type Provider } from './provider.js';
import { differenceBetween } from './visible-state.js';

/**
 * Looks for objects of one class that are made in different ways, so that each may return something else under the keys
 * that they share.
 */
export class DifferingProviders {
  /** Of each class, the provider whose objects others are compared with. */
  readonly #first = new Map<Type, Provider>();

  /**
   * @param type the class of what the provider provides.
   * @param methods its decorated ones.
   * @returns one sentence for each method: class, method and decorator, what is wrong, and its mend.
   */
  mistakes(provider: Provider, type: Type, methods: readonly DecoratedMethod[]): string[] {
    if (methods.length === 0) return [];
    const first = this.#first.get(type);
    if (first === undefined) {
      this.#first.set(type, provider);
      return [];
    }
    return areAlike(first, provider, new Set()) ? [] : mistakesOf(methods, type, first, provider);
  }
}

function mistakesOf(
  methods: readonly DecoratedMethod[],
  type: Type,
  one: Provider,
  other: Provider,
): string[] {
  const differing = visibleDifference(one, other);
  return methods.flatMap((method) =>
    compiledOf(method, type).flatMap(({ commonTo }, index) => {
      const place = method.place(method.operations[index].decorator);
      if (commonTo === 'making') {
        return [
          `${place}: two objects of ${type.name} are made in different ways and share their keys, so that one could be ` +
            `served what the other returned; give the class a 'toCacheKey()' method that tells them apart in default ` +
            "keys, or say 'sharedKey: true' if they return the same",
        ];
      }
      if (commonTo === undefined || differing === undefined) return [];
      return [
        `${place}: two objects of ${type.name} differ in '${differing}' and share their keys, so that one could be served ` +
          'what the other returned; make the key of an argument that tells them apart, or leave it to a default key and a ' +
          "'toCacheKey()' method of the class, or say 'sharedKey: true' if they return the same",
      ];
    }),
  );
}

/** What objects differ in of which there is one each: of others, each may differ from the next in what does not matter. */
function visibleDifference(one: Provider, other: Provider): string | undefined {
  if (!isMadeOnce(one) || !isMadeOnce(other)) return undefined;
  return differenceBetween(one.instance as object, other.instance as object);
}

/** Whether two providers make objects that do the same: the same one, or of one class or factory with like dependencies. */
function areAlike(one: Provider, other: Provider, seen: Set<Provider>): boolean {
  if (one === other || seen.has(one)) return true;
  if (isMadeOnce(one) && isMadeOnce(other) && one.instance === other.instance) return true;
  seen.add(one);
  if (!areMadeAlike(one, other)) return false;
  const [inner, outer] = [dependenciesOf(one), dependenciesOf(other)];
  return (
    inner.length === outer.length &&
    inner.every((dependency, index) => areAlike(dependency, outer[index], seen))
  );
}

function areMadeAlike(one: Provider, other: Provider): boolean {
  const [maker, otherMaker] = [makerOf(one), makerOf(other)];
  if (maker === null || otherMaker === null) return false;
  // A class is the same under every token; a factory may have its own reasons to be named twice.
  if (maker === otherMaker && !isMadeElsewhere(one)) return true;
  if (one.token !== other.token) return false;
  // Dynamic modules write the factory of a token anew each time they are asked, with the same words.
  return maker === otherMaker || sourceOf(maker) === sourceOf(otherMaker);
}

function sourceOf(maker: unknown): string {
  return typeof maker === 'function' ? Function.prototype.toString.call(maker) : '';
}
