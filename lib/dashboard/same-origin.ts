/** The headers of a request, as Express and Fastify both have them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Whether a request was made by a page of this very origin: by the browser's own word, and where it gives none by the
 * origin's host. What says neither is no browser with the page, and is refused too.
 *
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function isSameOrigin(headers: RequestHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  if (typeof origin !== 'string' || typeof host !== 'string' || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
