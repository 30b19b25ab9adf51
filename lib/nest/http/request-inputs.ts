import type { Type } from '@nestjs/common';
import { escapeText } from '../keys/escape.js';
import { partOfKey } from '../keys/key-template.js';
import { calledParameters } from '../methods/nest-metadata.js';
import type { HttpCacheRule, HttpRequest } from '../../options/http-cache-options.js';

// Nest's numbers for what a parameter receives (`RouteParamtypes`); what is not here is part of the address.
const BODY = 3;
const HEADERS = 6;
const SESSION = 7;
const IP = 11;
const RAW_BODY = 12;
const COOKIES = 14;
const SIGNED_COOKIES = 15;

/** What a method takes of a request by its parameters, beside the address: its answer depends on it. */
export interface RequestInputs {
  /** Request headers, in lower case. */
  readonly headers: readonly string[];
  /** What is no header of its own. */
  readonly others: readonly RequestInput[];
  /** How `Vary` names those. @see RFC 9110, section 12.5.5: `*` for what stands in no header, as the client's address */
  readonly vary: readonly string[];
}

/** One of these, which is no header of its own. */
export interface RequestInput {
  /** As it stands in keys; no header is called so. */
  readonly name: string;
  /** @returns undefined where the request lacks it. */
  of(request: HttpRequest): unknown;
}

/**
 * What a method takes.
 *
 * Of `Authorization`, the audience says what it means. So it does of sessions and of cookies as a whole, where it is a function,
 * or `varyBy`; where neither does, they depend on the `Cookie` header.
 */
export function inputsOf(type: Type, property: string, { audience, varyBy }: HttpCacheRule): RequestInputs {
  const isSaid = typeof audience === 'function' || varyBy.length > 0;
  const headers = new Set<string>();
  const others = new Map<string, RequestInput>();
  const vary = new Set<string>();
  const take = (input: RequestInput, named: string): void => {
    others.set(input.name, input);
    vary.add(named);
  };
  for (const { kind, data } of calledParameters(type, property, 0)) {
    const name = typeof data === 'string' ? data : undefined;
    if (kind === HEADERS && name !== undefined) headers.add(name.toLowerCase());
    else if (kind === COOKIES && name !== undefined) take(cookie(name), 'cookie');
    else if (kind === SIGNED_COOKIES && name !== undefined) take(signedCookie(name), 'cookie');
    else if (kind === COOKIES || kind === SIGNED_COOKIES || kind === SESSION) {
      if (!isSaid) headers.add('cookie');
    } else if (kind === IP) take(ADDRESS, '*');
    else if (kind === BODY) take(CONTENT, '*');
    else if (kind === RAW_BODY) take(BYTES, '*');
  }
  headers.delete('authorization');
  return { headers: [...headers], others: [...others.values()], vary: [...vary] };
}

/** @throws {DecoratorError} for what has no stable form. */
export function suffixOfInputs(inputs: readonly RequestInput[], request: HttpRequest, place: string): string {
  let suffix = '';
  for (const input of inputs) {
    const value = input.of(request);
    suffix += value === undefined ? `|!${input.name}` : `|${input.name}=${partOfKey(value, place)}`;
  }
  return suffix;
}

/** What middleware and the platform add to a request. */
interface Read extends HttpRequest {
  readonly ip?: unknown;
  readonly body?: unknown;
  readonly rawBody?: unknown;
  readonly cookies?: unknown;
}

const ADDRESS: RequestInput = { name: '@ip', of: ({ ip }: Read) => ip };
const CONTENT: RequestInput = { name: '@body', of: ({ body }: Read) => body };
const BYTES: RequestInput = { name: '@raw-body', of: ({ rawBody }: Read) => rawBody };

/** What middleware has read, as Nest takes it; otherwise what was written. */
function cookie(name: string): RequestInput {
  return {
    name: `@cookie:${escapeText(name)}`,
    of: ({ cookies, headers }: Read) => {
      if (typeof cookies !== 'object' || cookies === null) return written(headers.cookie, name);
      return Object.hasOwn(cookies, name) ? (cookies as Record<string, unknown>)[name] : undefined;
    },
  };
}

/** As it was written, signature and all. */
function signedCookie(name: string): RequestInput {
  return {
    name: `@signed-cookie:${escapeText(name)}`,
    of: ({ headers }) => written(headers.cookie, name),
  };
}

/** @returns every value that a `Cookie` header has under a name: parsers differ in which of them they take. */
function written(header: HttpRequest['headers'][string], name: string): string | undefined {
  const values = String(header ?? '')
    .split(';')
    .map((pair) => pair.split('='))
    .filter(([each]) => each.trim() === name)
    .map(([, ...value]) => value.join('='));
  return values.length === 0 ? undefined : values.join(';');
}
