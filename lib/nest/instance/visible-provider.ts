import type { ModulesContainer } from '@nestjs/core';

/** What Nest would find by a token for a provider of this module: in itself, or exported by what it imports. */
export function visibleProvider(module: ModuleHost, token: symbol): ProviderHost {
  const seen = new Set<ModuleHost>();
  const exportedBy = (other: ModuleHost): ProviderHost => {
    if (seen.has(other)) return undefined;
    seen.add(other);
    if (other.exports.has(token)) return other.providers.get(token);
    const reexported = [...other.imports].filter((inner) => other.exports.has(inner.metatype));
    return firstOf(reexported, exportedBy);
  };
  return module.providers.get(token) ?? firstOf(module.imports, exportedBy);
}

/** A module, as Nest's injector knows it. */
export type ModuleHost = Parameters<ModulesContainer['set']>[1];

/** A provider, as Nest's injector knows it. */
type ProviderHost = ReturnType<ModuleHost['providers']['get']>;

function firstOf(modules: Iterable<ModuleHost>, find: (module: ModuleHost) => ProviderHost): ProviderHost {
  for (const module of modules) {
    const found = find(module);
    if (found !== undefined) return found;
  }
  return undefined;
}
