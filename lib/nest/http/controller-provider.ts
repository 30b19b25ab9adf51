import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { visibleProvider } from '../instance/visible-provider.js';

/**
 * Finds what Nest's injector would give a controller for a token: of its own module, or exported by what that imports.
 *
 * @returns undefined where it would find nothing.
 */
export function controllerProvider(controller: Type, token: symbol, modules: ModulesContainer): unknown {
  for (const module of modules.values()) {
    if (!module.controllers.has(controller)) continue;
    const provider = visibleProvider(module, token);
    if (provider !== undefined) return provider.instance;
  }
  return undefined;
}
