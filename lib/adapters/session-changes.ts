/** The fields of a session, each as JSON. */
type Fields = ReadonlyMap<string, string>;

/**
 * Puts what one request has changed in a session over what another has stored meanwhile, field by field. A field that both
 * have changed is as this request has it.
 *
 * @param before the session as this request has read it, `mine` as it has left it, `theirs` as it is stored now; JSON each.
 * @returns JSON to be stored over `theirs`.
 */
export function mergedSession(before: string, mine: string, theirs: string): string {
  const [old, own, other] = [fieldsOf(before), fieldsOf(mine), fieldsOf(theirs)];
  const merged = new Map(other);
  for (const [name, value] of own) if (old.get(name) !== value) merged.set(name, value);
  for (const name of old.keys()) if (!own.has(name)) merged.delete(name);
  return `{${[...merged].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

function fieldsOf(json: string): Fields {
  const session = JSON.parse(json) as Record<string, unknown>;
  return new Map(Object.entries(session).map(([name, value]) => [name, JSON.stringify(value)]));
}
