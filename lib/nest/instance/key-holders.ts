import type { Type } from '@nestjs/common';
import { DecoratorError } from '../../errors.js';

/** Which methods store under which keys: of two with the same, each would be served what the other returned. */
export class KeyHolders {
  /** By what their keys look like. */
  readonly #holders = new Map<string, KeyHolder[]>();

  /**
   * Lets a method be one whose results are stored under keys of a shape. Classes that inherit it from one another have the
   * same results; brothers and other methods have not, unless both say that they share.
   *
   * @param shape the same text for keys that look alike, whatever is put in.
   * @throws {DecoratorError} when another one does so already: their results would be served for one another, and one
   *   that calls the other would wait for itself.
   */
  claim(shape: string, holder: KeyHolder): void {
    const holders = this.#holders.get(shape) ?? [];
    const stranger = holders.find((other) => !mayShareKeys(holder, other));
    if (stranger !== undefined) throw refusal(holder, stranger);
    if (holders.some(({ method, type }) => method === holder.method && type === holder.type)) return;
    this.#holders.set(shape, [...holders, holder]);
  }
}

/** A method that stores what it returns, on objects of a class. */
export interface KeyHolder {
  readonly method: { readonly name: string };
  readonly type: Type;
  /** Whether it says that its keys are others' as well. */
  readonly isShared: boolean;
  /** Whether nobody knows what its keys look like but itself, since a function makes them. */
  readonly isOpaque: boolean;
}

function mayShareKeys(one: KeyHolder, other: KeyHolder): boolean {
  if (one.isShared && other.isShared) return true;
  if (one.method !== other.method) return one.isOpaque || other.isOpaque;
  return one.type === other.type || isHeir(one.type, other.type) || isHeir(other.type, one.type);
}

function isHeir(type: Type, ancestor: Type): boolean {
  return type.prototype instanceof ancestor;
}

function refusal(holder: KeyHolder, other: KeyHolder): DecoratorError {
  return new DecoratorError(
    holder.method === other.method
      ? `${other.type.name} and ${holder.type.name} both inherit it and store under the same keys, so that one would be ` +
          "served what the other returned; tell them apart by @CacheDefaults({ prefix: '…' }), " +
          "or say 'sharedKey: true' if they are to share"
      : `${other.type.name}.${other.method.name} stores under the same keys, so that one would be served what the ` +
          'other returned, and wait for itself if it called the other; ' +
          "give one of them another 'key', or both 'sharedKey: true' if they are to share",
  );
}
