import { Logger, type Type } from '@nestjs/common';
import type { Adopted, ModuleCache } from '../instance/module-cache.js';
import type { CompiledOperation } from '../methods/operation.js';
import {
  type KeyOverlap,
  type KeyUse,
  lacksTags,
  mayOverlap,
  overlapOf,
  tagsFor,
} from '../methods/key-overlap.js';
import { decoratedMethodsOf } from '../methods/method-wrapper.js';
import { compiledOf } from './compiled-operations.js';

/**
 * Has whoever stores for a reader give the tags that it looks for, and keep stale values as long as it does.
 *
 * @param types all classes with decorated methods that are known by now.
 * @param instance name of the module instance whose readers and writers are meant.
 * @returns one sentence for each that cannot.
 */
export function adoptTags(types: ReadonlySet<Type>, instance: string, cache: ModuleCache): string[] {
  const compiled = [...types].flatMap((type) => operationsOf(type, instance));
  const readers = compiled.flatMap(({ reads, policy }) => (reads === undefined ? [] : { reads, policy }));
  return compiled.flatMap(({ puts, policy }) => {
    if (puts === undefined) return [];
    try {
      const adopted = adoptedBy({ puts, policy }, readers, cache);
      if (adopted.doubt !== undefined && adopted.doubt !== cache.adopted(puts).doubt) {
        new Logger('Memcached').warn(adopted.doubt);
      }
      cache.adopt(puts, adopted);
      return [];
    } catch (error) {
      return [`${puts.place}: ${(error as Error).message}`];
    }
  });
}

/** @throws {DecoratorError} for a tag that cannot be given. */
function adoptedBy(
  { puts, policy }: WritingMethod,
  readers: readonly ReadingMethod[],
  cache: ModuleCache,
): Adopted {
  const overlaps = readers.flatMap(({ reads, policy: read }) => {
    const overlap = overlapOf(puts, reads);
    return overlap === undefined ? [] : { ...overlap, policy: read };
  });
  const same = overlaps.filter(({ isSame }) => isSame);
  // Whoever means this key alone is meant, rather than one who reads it among others.
  const kept = same.length > 0 ? same : overlaps;
  const [grace] = kept.flatMap((overlap) => graceOf(overlap.policy, overlap.reader.place, cache) ?? []);
  const isOther = !puts.saysGrace && grace !== undefined && grace !== graceOf(policy, puts.place, cache);
  return {
    tags: kept.flatMap((overlap) => tagsFor(puts, overlap)),
    policy: isOther ? { ...policy, grace } : undefined,
    doubt: doubtOf(puts, kept, readers),
  };
}

/** What is to be said where nobody knows whether a reader takes what is written for nothing. */
function doubtOf(
  puts: KeyUse,
  kept: readonly KeyOverlap[],
  readers: readonly ReadingMethod[],
): string | undefined {
  if (!puts.mayBeLost) return undefined;
  const unsure =
    kept.length === 0
      ? readers.map(({ reads }) => reads).find((reader) => mayOverlap(puts, reader))
      : kept.find((overlap) => lacksTags(puts, overlap))?.reader;
  return (
    unsure &&
    `${puts.place}: ${unsure.place} may read what is stored here, which the keys do not tell; it takes what lacks its tags for ` +
      "nothing, and loads over it: name them in 'tags' here, too, or say 'tags: []'"
  );
}

/** @returns milliseconds; undefined where it cannot be known, or is named as a mistake elsewhere. */
function graceOf(policy: ReadingMethod['policy'], place: string, cache: ModuleCache): number | undefined {
  try {
    const { graceSeconds } = cache.policy(policy ?? {}, place) as { graceSeconds?: number };
    return graceSeconds === undefined ? undefined : graceSeconds * 1000;
  } catch {
    return undefined;
  }
}

function operationsOf(type: Type, instance: string): CompiledOperation[] {
  return decoratedMethodsOf(type).flatMap((method) => {
    const instances = method.instances(type);
    return compiledOf(method, type).filter((_operation, index) => instances[index] === instance);
  });
}

interface ReadingMethod extends Pick<CompiledOperation, 'policy'> {
  readonly reads: KeyUse;
}

interface WritingMethod extends Pick<CompiledOperation, 'policy'> {
  readonly puts: KeyUse;
}
