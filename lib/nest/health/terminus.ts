import type { ModulesContainer } from '@nestjs/core';

/**
 * Whether a health entry may say `degraded`: Terminus from version 12 on knows it, older ones drop an entry with it
 * silently; without Terminus nobody minds.
 *
 * Looked up among the application's providers, since importing Terminus would make it a dependency.
 */
export function knowsDegraded(modules: ModulesContainer): boolean {
  // Applications may have a class of their own that is called as Terminus's is; that is none of ours to call.
  const terminus = [...modules.values()].filter(({ metatype }) => metatype?.name === 'TerminusModule');
  if (terminus.length === 0) return true;
  return terminus.some(({ providers }) =>
    [...providers].some(([token, { instance }]) => isService(token) && offersDegraded(instance)),
  );
}

function isService(token: unknown): boolean {
  return typeof token === 'function' && token.name === 'HealthIndicatorService';
}

function offersDegraded(service: unknown): boolean {
  try {
    const { check } = service as { check: (key: string) => { degraded?: unknown } };
    return typeof check.call(service, 'probe').degraded === 'function';
  } catch {
    return false;
  }
}
