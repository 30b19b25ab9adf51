import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Finds what Nest's injector would give a controller for a token: of its own module, or exported by what that imports.
 *
 * @returns undefined where it would find nothing.
 */
export function seenBy(controller: Type, token: symbol, modules: ModulesContainer): unknown {
  for (const module of modules.values()) {
    if (!module.controllers.has(controller)) continue;
    const own = module.providers.get(token) ?? exportedTo(module, token, false, new Set());
    if (own !== undefined) return own.instance;
  }
  return undefined;
}

type Module = Parameters<ModulesContainer['set']>[1];

/** @param passesOn whether only what the module exports counts, as it is asked for by one that imports it. */
function exportedTo(
  module: Module,
  token: symbol,
  passesOn: boolean,
  seen: Set<Module>,
): ReturnType<Module['providers']['get']> {
  for (const related of module.imports) {
    if ((passesOn && !module.exports.has(related.metatype)) || seen.has(related)) continue;
    seen.add(related);
    const found =
      related.exports.has(token) && related.providers.has(token)
        ? related.providers.get(token)
        : exportedTo(related, token, true, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
