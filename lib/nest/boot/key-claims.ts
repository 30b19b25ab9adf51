import type { Type } from '@nestjs/common';
import type { ModuleCache } from '../instance/module-cache.js';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import type { CompiledOperation, DecoratorName } from '../methods/operation.js';
import type { KeyUse } from '../methods/key-overlap.js';

/**
 * Has a method hold the keys that it chose itself, on objects of a class. A `@Cacheable` and a `@CacheBatch` may have the same.
 *
 * @throws {DecoratorError} when another method, or another class, holds them.
 */
export function claimKeys(
  { reads, varyBy, commonTo }: CompiledOperation,
  decorator: DecoratorName,
  method: DecoratedMethod,
  type: Type,
  cache: ModuleCache,
): void {
  if (reads?.key === undefined) return;
  cache.keys.claim(`${decorator} ${shapeOf(reads)}${'|{}'.repeat(varyBy.length)}`, {
    method,
    type,
    // Objects of one class that share on purpose have nothing to have in common, and no more have methods.
    isShared: commonTo === undefined,
    isOpaque: reads.key.template === undefined,
  });
}

/** What keys look like, whatever parameters go in between. */
function shapeOf({ prefix, key }: KeyUse): string {
  return prefix + (key?.template?.literals.join('{}') ?? '{function}');
}
