import type { CachedRoute } from './cached-route.js';
import { isNamed } from './conditional-request.js';
import { directives, type Headers, names } from './header-names.js';
import type { Place } from './place.js';
import type { SentHead } from './sent-head.js';
import { STORABLE_STATUS } from './stored-response.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * What the `Vary` of an answer may name: request headers in the key, and what is about to be said to others only.
 *
 * @param vary what it names before that is said.
 */
export function headersKnown(
  { headers }: Place,
  { says }: CachedRoute,
  vary: Headers[string],
): ReadonlySet<string> {
  const meant = new Set(names(vary));
  return new Set([...headers, ...says.vary.filter((name) => !meant.has(name))]);
}

/** Whether an answer is one of those that are stored, by what its head has said as it left. */
export function isToStore(
  head: SentHead | undefined,
  status: number,
  known: ReadonlySet<string>,
  route: CachedRoute,
): boolean {
  if (head === undefined || !maySay(head, status, route, known)) return false;
  const said = names(head.headers.vary);
  const late = said.filter((name) => !known.has(name));
  if (late.length === 0) return true;
  if (!late.includes('*')) route.learn(late);
  return false;
}

/**
 * Whether a head is that of an answer for its whole audience.
 *
 * @param status that of the method's answer; to a conditional request it may have become 304.
 * @param known what `Vary` may name, `*` included, where that was said to others.
 * @see RFC 9111, section 3
 */
export function maySay(
  head: SentHead,
  status: number,
  route: CachedRoute,
  known: ReadonlySet<string> = NONE,
): boolean {
  const { headers } = head;
  if (!STORABLE_STATUS.has(head.status) && !(head.status === 304 && isNamed(status))) {
    if (head.status < 400) {
      route.note(
        'status',
        `its status is ${head.status}; answers are stored that are 200, 203, 204, 300, 301 or 308`,
      );
    }
    return false;
  }
  if (headers['set-cookie'] !== undefined) {
    route.note(
      'cookie',
      'its answers set a cookie, which is for one client, so that none is stored; set cookies on other routes, ' +
        'and have session middleware leave this one alone',
    );
    return false;
  }
  if (names(headers.vary).includes('*') && !known.has('*')) {
    noteVaryAll(route);
    return false;
  }
  return !forbidsStoring(headers, route);
}

/** Tells of a route whose answers depend on more than a key can hold. */
export function noteVaryAll(route: CachedRoute): void {
  route.note(
    'headers',
    "its answers say 'Vary: *', so that none is stored; name the request headers that they depend on",
  );
}

/** Whether `Cache-Control` forbids storing an answer for its audience. */
export function forbidsStoring(headers: Headers, { rule }: CachedRoute): boolean {
  const control = directives(headers['cache-control']);
  return control.has('no-store') || (control.has('private') && rule.audience === 'everyone');
}
