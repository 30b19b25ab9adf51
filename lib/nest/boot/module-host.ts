import type { ModulesContainer } from '@nestjs/core';

/** A module, as Nest's injector knows it. */
export type ModuleHost = Parameters<ModulesContainer['set']>[1];

/** Whether Nest would find a token for a provider of this module: in itself, or exported by what it imports. */
export function canSee(module: ModuleHost, token: symbol): boolean {
  if (module.providers.has(token)) return true;
  const seen = new Set<ModuleHost>();
  const offers = (other: ModuleHost): boolean => {
    if (seen.has(other)) return false;
    seen.add(other);
    if (other.exports.has(token)) return true;
    return [...other.imports].some((inner) => other.exports.has(inner.metatype) && offers(inner));
  };
  return [...module.imports].some(offers);
}
