import type { Type } from '@nestjs/common';
import 'reflect-metadata';
import { CURRENT_PARAMETER, LOADING_PARAMETER } from './marked-parameter.js';
import { callerOf } from './nest-metadata.js';
import { parametersOf } from './parameter-list.js';

/** A use of whatever a function was called with. */
const ARGUMENTS = /\barguments\b/;

/** What a method's own decorators and TypeScript's metadata tell about it. */
export interface MethodSignature {
  /** Classes of the parameters as TypeScript's `emitDecoratorMetadata` wrote them; undefined without it. */
  readonly paramTypes: readonly unknown[] | undefined;
  /** Class of what the method returns, likewise. */
  readonly returnType: unknown;
  /** How many arguments it takes; undefined where that cannot be known. */
  readonly arity: number | undefined;
  /** Whether its callers give it any. */
  readonly takesArguments: boolean;
  /** Position of the parameter marked `@Current()`. */
  readonly current: number | undefined;
  /** Position of the parameter marked `@Loading()`. */
  readonly loading: number | undefined;
  /** Whether Nest calls it, for a route, a message or a resolver, and takes a promise for an observable. */
  readonly isCalledByNest: boolean;
}

/**
 * Reads what is known about a method, once all its decorators have run.
 *
 * @param prototype the prototype that declares it.
 */
export function readSignature(
  prototype: object,
  property: string | symbol,
  method: (...args: never[]) => unknown,
): MethodSignature {
  const paramTypes = Reflect.getMetadata('design:paramtypes', prototype, property) as unknown[] | undefined;
  const current = Reflect.getMetadata(CURRENT_PARAMETER, prototype, property) as number | undefined;
  const loading = Reflect.getMetadata(LOADING_PARAMETER, prototype, property) as number | undefined;
  const source = String(method);
  const written = parametersOf(source);
  const count = paramTypes?.length ?? Math.max(written?.count ?? 0, method.length);
  // What another decorator has put in the method's place may take more than its text says.
  const isOpen = paramTypes === undefined && ARGUMENTS.test(source);
  return {
    paramTypes,
    returnType: Reflect.getMetadata('design:returntype', prototype, property) as unknown,
    arity: written === undefined || written.hasRest || isOpen ? undefined : count,
    takesArguments: count > (loading === undefined ? 0 : 1),
    current,
    loading,
    isCalledByNest: callerOf(prototype.constructor as Type, property) !== undefined,
  };
}
