import type { IncomingMessage } from 'node:http';
import { directives } from './header-names.js';

/** Headers by which a request is somebody's, asks for a part, brings something along or wants another protocol. */
const FOR_THE_APPLICATION: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'cookie',
  'expect',
  'range',
  'transfer-encoding',
  'upgrade',
]);

/** Requests of which more would have to be compared are the application's, too. */
const MAX_LENGTH = 4000;

/** Headers that are answered by what is stored, and by nobody else. */
const FOR_THE_CACHE: ReadonlySet<string> = new Set([
  'cache-control',
  'if-modified-since',
  'if-none-match',
  'pragma',
]);

/**
 * What of a request is compared, whatever answers name in `Vary`: its method, its address, the names of its headers, and by
 * which headers the application, its router or CORS may tell one from another.
 *
 * @returns a text, the same for requests that are alike; undefined for one that the application is to see in any case.
 */
export function fingerprintOf({ headers, method, socket, url }: IncomingMessage): string | undefined {
  const { host, origin, 'accept-version': version, 'cache-control': control } = headers;
  if ((method !== 'GET' && method !== 'HEAD') || host === undefined) return undefined;
  let names = '';
  for (const name of Object.keys(headers)) {
    if (FOR_THE_APPLICATION.has(name)) return undefined;
    if (!FOR_THE_CACHE.has(name)) names += `${name} `;
  }
  if (control !== undefined) {
    const asked = directives(control);
    if (asked.has('no-store') || asked.has('only-if-cached')) return undefined;
  }
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  const { 'x-forwarded-host': forwardedHost, 'x-forwarded-proto': forwardedScheme } = headers;
  // Whether they are believed depends on whose they are.
  const proxy =
    forwardedHost === undefined && forwardedScheme === undefined
      ? []
      : [forwardedHost, forwardedScheme, socket.remoteAddress];
  const fingerprint = [method, scheme, url, host, origin, version, names, ...proxy].join('\n');
  return fingerprint.length > MAX_LENGTH ? undefined : fingerprint;
}

/**
 * What a request says by some of its headers, as one text.
 *
 * @param rawHeaders names and values in turn, which middleware leaves as they came.
 * @param names in lower case.
 */
export function valuesOf(rawHeaders: readonly string[], names: readonly string[]): string {
  let values = '';
  for (const name of names) {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (rawHeaders[index].toLowerCase() === name) values += `${rawHeaders[index + 1]}\n`;
    }
    values += '\n';
  }
  return values;
}

/**
 * Names of the headers whose values come again in an answer, whether or not it names them in `Vary`.
 *
 * @param answer its headers.
 */
export function namesEchoed(
  rawHeaders: readonly string[],
  answer: readonly (readonly [name: string, value: string])[],
): string[] {
  return rawHeaders
    .filter((_, index) => index % 2 === 0 && answer.some(([, said]) => said.includes(rawHeaders[index + 1])))
    .map((name) => name.toLowerCase())
    .filter((name) => !FOR_THE_CACHE.has(name));
}
