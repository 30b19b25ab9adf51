/** The fields of a session, or the settings of its cookie, each as JSON. */
type Fields = ReadonlyMap<string, string>;

/** Less than that between two times to live is the time a framework took to count it anew. */
const SAME_AGE_MS = 1000;

/** When a cookie ends. Frameworks write it anew with each request, from its `originalMaxAge`. */
const ENDS = ['expires', 'originalExpires'];

/**
 * Puts what one request has changed in a session over what another has stored meanwhile, field by field, and the cookie setting
 * by setting. A field that both have changed is as this request has it.
 *
 * @param before the session as this request has read it, `mine` as it has left it, `theirs` as it is stored now; JSON each.
 * @param now milliseconds since 1970, from which a cookie lives on whose time to live another has changed.
 * @returns JSON to be stored over `theirs`.
 */
export function mergedSession(before: string, mine: string, theirs: string, now: number): string {
  const [old, own, other] = [fieldsOf(before), fieldsOf(mine), fieldsOf(theirs)];
  const merged = mergedFields(old, own, other);
  const cookies = [old, own, other].map((fields) => fieldsOf(fields.get('cookie') ?? 'null'));
  if (own.has('cookie') && other.has('cookie')) {
    merged.set('cookie', mergedCookie(cookies[0], cookies[1], cookies[2], now));
  }
  return textOf(merged);
}

function mergedCookie(old: Fields, own: Fields, other: Fields, now: number): string {
  const merged = mergedFields(old, own, other);
  if (!isSameAge(old, own) || isSameAge(own, other)) return textOf(merged);
  // Another request has said how long the session lives, and this one has not.
  for (const name of ['originalMaxAge', ...ENDS]) {
    const setting = other.get(name);
    if (setting === undefined) merged.delete(name);
    else merged.set(name, setting);
  }
  const age = ageOf(other);
  if (age !== undefined) merged.set('expires', JSON.stringify(new Date(now + age)));
  return textOf(merged);
}

function isSameAge(one: Fields, other: Fields): boolean {
  const [first, second] = [ageOf(one), ageOf(other)];
  if (first === undefined || second === undefined) return first === second;
  return Math.abs(first - second) < SAME_AGE_MS;
}

/** How long a cookie lives from each use, in milliseconds; `undefined` for one that ends with the browser, or at a fixed time. */
function ageOf(cookie: Fields): number | undefined {
  const age: unknown = JSON.parse(cookie.get('originalMaxAge') ?? 'null');
  return typeof age === 'number' ? age : undefined;
}

function mergedFields(old: Fields, own: Fields, other: Fields): Map<string, string> {
  const merged = new Map(other);
  for (const [name, value] of own) if (old.get(name) !== value) merged.set(name, value);
  for (const name of old.keys()) if (!own.has(name)) merged.delete(name);
  return merged;
}

function fieldsOf(json: string): Fields {
  const fields = JSON.parse(json) as Record<string, unknown> | null;
  return new Map(Object.entries(fields ?? {}).map(([name, value]) => [name, JSON.stringify(value)]));
}

function textOf(fields: Fields): string {
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}
