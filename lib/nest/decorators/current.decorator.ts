import { CURRENT_PARAMETER, markedParameter } from '../methods/marked-parameter.js';

/**
 * Marks the parameter through which a `@CasUpdate` method receives the cached value, `undefined` when there is none.
 *
 * Callers leave it out; so it is best the last one, and optional.
 *
 * @throws {DecoratorError} when a method has two of them.
 */
export function Current(): ParameterDecorator {
  return markedParameter('@Current()', CURRENT_PARAMETER, 'cached value');
}
