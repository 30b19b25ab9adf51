import { hash } from 'node:crypto';
import type { Headers } from './header-names.js';

/**
 * Whether a conditional request is answered by "not modified".
 *
 * `If-None-Match` decides alone where it is given; entity tags are compared weakly.
 *
 * @param request the request's headers.
 * @param etag of the answer it would get.
 * @param lastModified likewise.
 * @see RFC 9110, sections 13.1.2, 13.1.3 and 13.2.2
 */
export function isNotModified(
  request: Headers,
  etag: Headers[string],
  lastModified: Headers[string],
): boolean {
  const given = request['if-none-match'];
  if (given !== undefined) {
    if (String(given).trim() === '*') return true;
    return etag !== undefined && entityTags(String(given)).includes(opaqueTag(String(etag)));
  }
  const since = request['if-modified-since'];
  if (since === undefined || lastModified === undefined) return false;
  return Date.parse(String(lastModified)) <= Date.parse(String(since));
}

/** Whether content of a status is named by an ETag, and may be answered by 304. @see RFC 9110, section 13.2.1 */
export function isNamed(status: number): boolean {
  return status >= 200 && status < 300 && status !== 204;
}

/**
 * Names content by its digest.
 *
 * @see RFC 9110, section 8.8.3
 */
export function entityTagOf(content: string | Uint8Array, strength: 'weak' | 'strong'): string {
  const digest = hash('sha256', content, 'base64url');
  return strength === 'weak' ? `W/"${digest}"` : `"${digest}"`;
}

/** The opaque tags of a list; a comma may stand within one. */
function entityTags(list: string): string[] {
  return Array.from(list.matchAll(/(?:W\/)?("[^"]*")/g), ([, tag]) => tag);
}

function opaqueTag(etag: string): string {
  return etag.replace(/^W\//, '');
}
