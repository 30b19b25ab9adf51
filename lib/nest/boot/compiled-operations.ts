import type { Type } from '@nestjs/common';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import type { CompiledOperation } from '../methods/operation.js';

/** The decorators of a method, ready for objects of a class; none where they cannot be, which is told elsewhere. */
export function compiledOf(method: DecoratedMethod, type: Type): readonly CompiledOperation[] {
  try {
    return method.compile(type);
  } catch {
    return [];
  }
}
