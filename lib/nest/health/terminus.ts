import type { ModulesContainer } from '@nestjs/core';

/**
 * Whether a health entry may say `degraded`: Terminus from version 12 on knows it, older ones drop an entry with it
 * silently; without Terminus nobody minds.
 *
 * Looked up among the application's providers, since importing Terminus would make it a dependency.
 */
export function knowsDegraded(modules: ModulesContainer): boolean {
  let isThere = false;
  for (const module of modules.values()) {
    if (module.metatype?.name === 'TerminusModule') isThere = true;
    for (const [token, { instance }] of module.providers) {
      if (typeof token !== 'function' || token.name !== 'HealthIndicatorService') continue;
      const { check } = instance as { check?: (key: string) => { degraded?: unknown } };
      if (typeof check !== 'function') continue;
      isThere = true;
      if (typeof check.call(instance, 'probe').degraded === 'function') return true;
    }
  }
  return !isThere;
}
