import 'reflect-metadata';

/**
 * What TypeScript makes of decorators, for classes written without it.
 *
 * @param {Function} type
 * @param {ClassDecorator[]} onClass
 * @param {Record<string, MethodDecorator[]>} [onMethods] by name; parameters' decorators are among them as `atParameter`.
 */
export function decorate(type, onClass, onMethods = {}) {
  for (const [name, decorators] of Object.entries(onMethods)) {
    const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name);
    Object.defineProperty(
      type.prototype,
      name,
      Reflect.decorate(decorators, type.prototype, name, descriptor),
    );
  }
  Reflect.decorate(onClass, type);
}

/** A parameter's decorator as one of its method. */
export function atParameter(index, decorator) {
  return (target, name) => decorator(target, name, index);
}
