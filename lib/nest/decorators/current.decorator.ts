import 'reflect-metadata';
import { DecoratorError } from '../../errors.js';
import { CURRENT_PARAMETER } from '../methods/method-signature.js';

/**
 * Marks the parameter through which a `@CasUpdate` method receives the cached value, `undefined` when there is none.
 *
 * Callers leave it out; so it is best the last one, and optional.
 *
 * @throws {DecoratorError} when a method has two of them.
 */
export function Current(): ParameterDecorator {
  return (target: object, property: string | symbol | undefined, index: number) => {
    const owner = typeof target === 'function' ? target.name : target.constructor.name;
    if (property === undefined) {
      throw new DecoratorError(
        `${owner} @Current(): a constructor has no cached value; mark a method's parameter`,
      );
    }
    if (Reflect.hasOwnMetadata(CURRENT_PARAMETER, target, property)) {
      throw new DecoratorError(
        `${owner}.${String(property)} @Current(): two parameters are marked, the value is handed to one`,
      );
    }
    Reflect.defineMetadata(CURRENT_PARAMETER, index, target, property);
  };
}
