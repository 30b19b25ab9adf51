import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import { dependenciesOf } from './request-checks.js';
import { differenceBetween } from './visible-state.js';

type ModuleHost = Parameters<ModulesContainer['set']>[1];
type Wrapper = NonNullable<ReturnType<ModuleHost['getProviderById']>>;

/**
 * Looks for objects of one class that are made in different ways, so that each may return something else under the keys
 * that they share.
 *
 * @returns one sentence for each method: class, method and decorator, what is wrong, and its mend.
 */
export function likenesses(
  wrappers: readonly Wrapper[],
  decorated: (type: Type) => readonly DecoratedMethod[],
): string[] {
  const first = new Map<Type, Wrapper>();
  const mistakes: string[] = [];
  for (const wrapper of wrappers) {
    const type = classOfObject(wrapper);
    if (type === undefined) continue;
    const methods = decorated(type);
    if (methods.length === 0) continue;
    const known = first.get(type);
    if (known === undefined) first.set(type, wrapper);
    else if (!areAlike(known, wrapper, new Set()))
      mistakes.push(...mistakesOf(methods, type, known, wrapper));
  }
  return mistakes;
}

function mistakesOf(methods: readonly DecoratedMethod[], type: Type, one: Wrapper, other: Wrapper): string[] {
  const differing = differenceBetween(one.instance as object, other.instance as object);
  return methods.flatMap((method) =>
    method.compile(type).flatMap(({ commonTo }, index) => {
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

/** The class of what there is one object of. */
function classOfObject(wrapper: Wrapper): Type | undefined {
  if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) return undefined;
  const object: unknown = wrapper.instance;
  if (typeof object !== 'object' || object === null) return undefined;
  const type = (Object.getPrototypeOf(object) as object | null)?.constructor;
  return typeof type === 'function' ? (type as Type) : undefined;
}

/** Whether two providers make objects that do the same: the same one, or of one class or factory with like dependencies. */
function areAlike(one: Wrapper, other: Wrapper, seen: Set<Wrapper>): boolean {
  if (one === other || one.instance === other.instance || seen.has(one)) return true;
  seen.add(one);
  if (!areMadeAlike(one, other)) return false;
  const [inner, outer] = [dependenciesOf(one), dependenciesOf(other)];
  return (
    inner.length === outer.length &&
    inner.every((dependency, index) => areAlike(dependency, outer[index], seen))
  );
}

function areMadeAlike(one: Wrapper, other: Wrapper): boolean {
  if (one.token !== other.token || one.metatype === null || other.metatype === null) return false;
  // Dynamic modules write the factory of a token anew each time they are asked, with the same words.
  return one.metatype === other.metatype || sourceOf(one.metatype) === sourceOf(other.metatype);
}

function sourceOf(made: unknown): string {
  return typeof made === 'function' ? Function.prototype.toString.call(made) : '';
}
