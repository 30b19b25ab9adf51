import { StreamableFile } from '@nestjs/common';
import type { HttpCacheRule } from './http-cache-options.js';

/** Headers of a response by their lower-case names. */
export type Headers = Readonly<Record<string, string | readonly string[] | number | undefined>>;

/** An answer as it is stored: what the route's method has made of the response, and what it returned. */
export interface StoredResponse {
  readonly status: number;
  /** What the method has set or changed; what middleware sets, it sets on every response. */
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[];
  readonly body: unknown;
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
}

/** Answers that may be stored: neither errors nor parts. @see RFC 9110, section 15.1 */
const STORABLE_STATUS: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** Headers that belong to one message, and not to what it says. @see RFC 9111, section 3.1; RFC 9110, section 7.6.1 */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a route's method has made of a response. */
export function captureResponse(
  status: number,
  before: Headers,
  after: Headers,
  body: unknown,
  at: number,
): StoredResponse {
  const headers = Object.entries(after)
    .filter(
      ([name, value]) =>
        value !== undefined && String(before[name]) !== String(value) && !OF_ONE_MESSAGE.has(name),
    )
    .map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)] as const);
  return { status, headers, body, at };
}

/**
 * Whether an answer may be stored for its audience.
 *
 * @param before the response's headers before the route's method ran.
 * @param after the same, after it.
 * @see RFC 9111, section 3
 */
export function isStorable(
  response: StoredResponse,
  before: Headers,
  after: Headers,
  rule: HttpCacheRule,
): boolean {
  if (!STORABLE_STATUS.has(response.status) || isStream(response.body)) return false;
  if (after['set-cookie'] !== undefined) return false;
  const control = directives(after['cache-control']);
  if (control.has('no-store') || (control.has('private') && rule.audience === 'everyone')) return false;
  const known = new Set([...names(before.vary), ...rule.vary]);
  return names(after.vary).every((name) => name !== '*' && known.has(name));
}

/** The comma-separated names in a header, in lower case. */
export function names(header: Headers[string]): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/** The directives of a `Cache-Control` header, without their arguments. */
export function directives(header: Headers[string]): ReadonlySet<string> {
  return new Set(names(header).map((directive) => directive.split('=')[0].trim()));
}

function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const { pipe, getReader } = body as { pipe?: unknown; getReader?: unknown };
  return body instanceof StreamableFile || typeof pipe === 'function' || typeof getReader === 'function';
}
