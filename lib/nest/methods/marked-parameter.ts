import 'reflect-metadata';
import { DecoratorError } from '../../errors.js';

/** Position of the parameter marked `@Current()`, kept for a method of a prototype. */
export const CURRENT_PARAMETER = 'nestjs-memcached:current';

/** Position of the parameter marked `@Loading()`, likewise. */
export const LOADING_PARAMETER = 'nestjs-memcached:loading';

/**
 * Makes a decorator that marks one parameter of a method, to be filled by the decorators of the method.
 *
 * @param mark the metadata's key that holds the position.
 * @param what what the parameter receives, in a few words.
 * @throws {DecoratorError} on a constructor's parameter, and for a second one of a method.
 */
export function markedParameter(decorator: string, mark: string, what: string): ParameterDecorator {
  return (target: object, property: string | symbol | undefined, index: number) => {
    const owner = typeof target === 'function' ? target.name : target.constructor.name;
    if (property === undefined) {
      throw new DecoratorError(
        `${owner} ${decorator}: a constructor has no ${what}; mark a method's parameter`,
      );
    }
    if (Reflect.hasOwnMetadata(mark, target, property)) {
      throw new DecoratorError(
        `${owner}.${String(property)} ${decorator}: two parameters are marked, the ${what} is handed to one`,
      );
    }
    Reflect.defineMetadata(mark, index, target, property);
  };
}

/** The arguments, with what belongs into the marked parameter, if there is one. */
export function filled(
  args: readonly unknown[],
  index: number | undefined,
  value: unknown,
): readonly unknown[] {
  if (index === undefined) return args;
  const all = [...args];
  all[index] = value;
  return all;
}
