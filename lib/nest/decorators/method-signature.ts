import 'reflect-metadata';

/** What a method's own decorators and TypeScript's metadata tell about it. */
export interface MethodSignature {
  /** Classes of the parameters as TypeScript's `emitDecoratorMetadata` wrote them; undefined without it. */
  readonly paramTypes: readonly unknown[] | undefined;
  /** Class of what the method returns, likewise. */
  readonly returnType: unknown;
  /** How many arguments it takes; undefined where that cannot be known. */
  readonly arity: number | undefined;
  /** Position of the parameter marked `@Current()`. */
  readonly current: number | undefined;
  /** Whether Nest's router calls it over HTTP, and takes a promise for an observable. */
  readonly isRoute: boolean;
}

/** Under which Nest keeps a route's HTTP method, the same in versions 11 and 12. */
export const HTTP_METHOD_METADATA = 'method';

/** Position of the parameter marked `@Current()`, kept for a method of a prototype. */
export const CURRENT_PARAMETER = 'nestjs-memcached:current';

/**
 * Reads what is known about a method, once all its decorators have run.
 *
 * @param prototype the prototype that declares it.
 */
export function readSignature(
  prototype: object,
  property: string | symbol,
  method: { readonly toString: () => string },
): MethodSignature {
  // Decorators above ours have left their metadata on whatever stands under the name by now.
  const standing = (prototype as Record<string | symbol, object>)[property];
  const paramTypes = Reflect.getMetadata('design:paramtypes', prototype, property) as unknown[] | undefined;
  return {
    paramTypes,
    returnType: Reflect.getMetadata('design:returntype', prototype, property) as unknown,
    arity: paramTypes === undefined || takesRest(method.toString()) ? undefined : paramTypes.length,
    current: Reflect.getMetadata(CURRENT_PARAMETER, prototype, property) as number | undefined,
    isRoute: Reflect.hasMetadata(HTTP_METHOD_METADATA, standing),
  };
}

/** Whether the parameters in a method's source, which stand before its body, end with `...rest`. */
function takesRest(source: string): boolean {
  const head = /^[\s\S]*?\)\s*(?:\{|=>)/.exec(source);
  return head === null || head[0].includes('...');
}
