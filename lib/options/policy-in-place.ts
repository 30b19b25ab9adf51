/** How a policy is written, for whoever passed a ttl alone and means it. */
export function policyInPlaceOf(given: unknown): string {
  if (typeof given === 'string') return `{ ttl: '${given}' }`;
  if (typeof given === 'number') return `{ ttl: ${given < 1000 ? `'${given}s'` : given} }`;
  return "{ ttl: '5m' }";
}
