import type { Headers } from './stored-response.js';

/**
 * Whether a conditional request is answered by "not modified".
 *
 * `If-None-Match` decides alone where it is given; entity tags are compared weakly.
 *
 * @param request the request's headers.
 * @param response those of the answer it would get.
 * @see RFC 9110, sections 13.1.2, 13.1.3 and 13.2.2
 */
export function isNotModified(request: Headers, response: Headers): boolean {
  const given = request['if-none-match'];
  if (given !== undefined) {
    const etag = response.etag;
    if (String(given).trim() === '*') return true;
    return etag !== undefined && entityTags(String(given)).includes(opaqueTag(String(etag)));
  }
  const since = Date.parse(String(request['if-modified-since'] ?? ''));
  const modified = Date.parse(String(response['last-modified'] ?? ''));
  return modified <= since;
}

/**
 * Names content by its digest.
 *
 * @param body what the route's method returned.
 * @see RFC 9110, section 8.8.3
 */
export async function entityTagOf(body: unknown, strength: 'weak' | 'strong'): Promise<string> {
  const bytes = body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(textOf(body));
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('base64url');
  return strength === 'weak' ? `W/"${digest}"` : `"${digest}"`;
}

/** As Nest's adapters send it. */
function textOf(body: unknown): string {
  if (body === undefined || body === null) return '';
  return typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
}

/** The opaque tags of a list; a comma may stand within one. */
function entityTags(list: string): string[] {
  return Array.from(list.matchAll(/(?:W\/)?("[^"]*")/g), ([, tag]) => tag);
}

function opaqueTag(etag: string): string {
  return etag.replace(/^W\//, '');
}
