import type { Type } from '@nestjs/common';
import type { ModuleCache } from '../instance/module-cache.js';
import type { CompiledOperation } from '../methods/operation.js';
import { meansKeysOf, tagsFor } from '../methods/reader-tags.js';
import { decoratedMethodsOf } from '../methods/stub.js';

/**
 * Has whoever stores for a reader give the tags that it looks for.
 *
 * @param types all classes with decorated methods that are known by now.
 * @param instance name of the module instance whose readers and writers are meant.
 * @returns one sentence for each that cannot.
 */
export function adoptTags(types: ReadonlySet<Type>, instance: string, cache: ModuleCache): string[] {
  const compiled = [...types].flatMap((type) => compiledOf(type, instance));
  const readers = compiled.flatMap(({ reads }) => reads ?? []);
  return compiled.flatMap(({ puts }) => {
    if (puts === undefined) return [];
    try {
      const kept = readers.filter((reader) => meansKeysOf(puts, reader));
      cache.adoptTags(
        puts,
        kept.flatMap((reader) => tagsFor(puts, reader)),
      );
      return [];
    } catch (error) {
      return [`${puts.place}: ${(error as Error).message}`];
    }
  });
}

function compiledOf(type: Type, instance: string): CompiledOperation[] {
  return decoratedMethodsOf(type).flatMap((method) => {
    try {
      const instances = method.instances(type);
      return method.compile(type).filter((_operation, index) => instances[index] === instance);
    } catch {
      return []; // it has been named
    }
  });
}
