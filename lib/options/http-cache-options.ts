import { InvalidOptionsError } from '../errors.js';
import type { CachePolicy, Ttl } from './cache-options.js';
import type { Duration } from './duration.js';
import {
  bool,
  checkObject,
  duration,
  func,
  oneOf,
  optional,
  type Reader,
  type Shape,
  text,
  withDefault,
} from './schema.js';
import { readOptions } from './decorator-options.js';

/**
 * What a request is to the options' functions that name no type of their own: that of Express or Fastify. What guards and
 * middleware have added is said by the type of the function's parameter.
 */
export interface HttpRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string | undefined;
  /** As the platform resolves it, trusted proxies considered. */
  readonly host?: string | undefined;
  readonly protocol?: string | undefined;
  readonly params?: unknown;
  readonly query?: unknown;
}

/**
 * Whom an answer is for.
 *
 * `everyone`: the same for all; a request with `Authorization` goes past the cache. `authorized`: the same for all whom the
 * guards let through. A function: the same for all requests of which it returns the same text, such as the id of the user;
 * where it returns `undefined`, the request goes past the cache.
 *
 * @typeParam R the request, with what guards have added.
 * @example (request: { user: User }) => request.user.id
 */
export type Audience<R = HttpRequest> =
  'everyone' | 'authorized' | ((request: R) => string | number | undefined);

/**
 * Options of `@HttpCache`.
 *
 * @typeParam R the request, with what guards have added; taken from the parameters of the options' functions.
 */
export interface HttpCacheOptions<R = HttpRequest> extends Pick<
  CachePolicy,
  'grace' | 'serveStaleIf' | 'lease' | 'leaseWait' | 'hardTimeout' | 'retryAfter' | 'jitter' | 'near'
> {
  /** Whom an answer is for. Has no default, so that nobody shares a personal answer by leaving it out. */
  audience: Audience<R>;

  /**
   * How long an answer is fresh, here.
   *
   * @default the module's `cache.ttl`
   */
  ttl?: Ttl | undefined;

  /**
   * How long browsers and proxies may use an answer without asking (`max-age`), in whole seconds. Nothing invalidates it there.
   *
   * @default 0: they ask each time (`no-cache`), and get a 304 while nothing has changed
   */
  maxAge?: Duration | undefined;

  /**
   * Names of request headers on which the answer depends; they become part of the key, and of `Vary`. Headers that the
   * method takes by `@Headers('name')` are among them already, cookies by `@Cookies('name')` count by their own values, and so
   * does what `Vary` names on the way out, whoever set it.
   *
   * @default []
   */
  vary?: readonly string[] | undefined;

  /**
   * What the answer depends on beside: functions of the request, and names of those in the module's options. None of them
   * may return `undefined`; the request goes past the cache then.
   *
   * @default []
   */
  varyBy?: readonly (string | ((request: R) => unknown))[] | undefined;

  /**
   * The query parameters on which the answer depends: the names of those that count, or of those that do not (`except`).
   * `*` at the end of a name stands for any text. What does not count makes no new keys, and the method should not read it.
   * Among those that count, `page[number]` stands for all of `page`; `except` leaves out `filter` and `filter[*` each by its name.
   *
   * @default all count
   */
  query?: readonly string[] | { readonly except: readonly string[] } | undefined;

  /**
   * Tells by `X-Cache: HIT` or `MISS` what `Cache-Status` tells, for tools that know that one only.
   *
   * @default false
   */
  xCache?: boolean | undefined;

  /**
   * How answers are named for conditional requests. `weak`: the same content. `strong`: the same bytes, where nothing
   * behind the cache (compression, an outer interceptor) changes them. A method that sets an ETag keeps its own.
   *
   * @default 'weak'
   */
  etag?: 'weak' | 'strong' | 'none' | undefined;

  /**
   * Names that invalidate the answer, or a function of the request that returns them.
   *
   * @default []
   */
  tags?: readonly string[] | ((request: R) => readonly string[]) | undefined;

  /** Whether this request uses the cache. */
  when?: ((request: R) => boolean) | undefined;

  /**
   * Whether this request has the method run, whatever is stored, and its answer stored in the place of the one before: for a
   * reload that this application allows, such as an editor's. Whoever may ask for it costs a run of the method each time, so
   * that a header of the client's alone is no good reason.
   *
   * @default () => false
   * @example (request) => request.user?.isEditor === true && request.headers['x-reload'] === '1'
   */
  forceFresh?: ((request: HttpRequest) => boolean) | undefined;

  /**
   * Whether hits, and conditional requests by 304, are answered before Nest's own part of a request begins: behind all
   * middleware and `onRequest` hooks, in front of guards, interceptors, pipes and the method. For `audience: 'everyone'`.
   * Left out, they are where nothing of the application would see the request between there and `@HttpCache`; otherwise
   * the interceptor answers them.
   *
   * `true`, on a method: what would have to see every request, such as a guard, refuses it when the application starts.
   *
   * `'before-middleware'`, on a method: also in front of all middleware and hooks, which do not run for such a hit, by repeating
   * what requests like it have got, word for word, and for ten seconds at a time. Requests with `Authorization`, `Cookie` or
   * `Range` go on to the middleware, and so does whatever is not known for certain. Not beside `when`, `varyBy` and
   * `forceFresh`.
   *
   * @default where nothing is in the way
   */
  early?: boolean | 'before-middleware' | undefined;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default the module without a name
   */
  name?: string | undefined;
}

/** `HttpCacheOptions` with nothing left open. */
export interface HttpCacheRule {
  readonly audience: Audience;
  readonly maxAgeSeconds: number;
  /** What answers say by `Cache-Control` unless the application does. */
  readonly cacheControl: string;
  /** Names of request headers, in lower case. */
  readonly vary: readonly string[];
  readonly varyBy: Required<HttpCacheOptions>['varyBy'];
  /** The names of the query's parameters that count, or of those that do not. */
  readonly query: { readonly names: readonly string[]; readonly count: boolean } | undefined;
  readonly xCache: boolean;
  readonly etag: 'weak' | 'strong' | 'none';
  readonly tags: readonly string[] | ((request: HttpRequest) => readonly string[]);
  readonly when: ((request: HttpRequest) => boolean) | undefined;
  readonly forceFresh: ((request: HttpRequest) => boolean) | undefined;
  /** `where-possible`: where nothing is in the way. */
  readonly early: boolean | 'before-middleware' | 'where-possible';
  readonly policy: CachePolicy<never>;
}

/**
 * Reads the options of a route.
 *
 * @throws {InvalidOptionsError} with the place at the beginning of the path.
 */
export function readHttpCacheOptions(options: HttpCacheOptions<never>, place: string): HttpCacheRule {
  checkObject(options, place, (given) => {
    const audience = given === 'authorized' ? given : 'everyone';
    return `{ audience: '${audience}', ttl: '5m' }`;
  });
  const { own, rest } = readOptions<RuleShape>(options, place, HTTP_CACHE_OPTIONS, POLICY_OPTIONS);
  const { maxAge, name: _, ...rule } = own;
  const isForAll = rule.audience === 'everyone';
  if (rule.early && !isForAll) {
    throw new InvalidOptionsError(
      `${place}.early`,
      "is for answers that are the same for all, which nobody has to be let through to; say audience: 'everyone', or leave it out",
    );
  }
  const isVaried = rule.varyBy.length > 0 ? 'varyBy' : undefined;
  const asked = (['when', 'forceFresh'] as const).find((name) => rule[name] !== undefined) ?? isVaried;
  if (rule.early === 'before-middleware' && asked !== undefined) {
    throw new InvalidOptionsError(
      `${place}.${asked}`,
      'is asked of each request, and there is none yet for hits that are answered before middleware; say early: true, or leave it out',
    );
  }
  if (maxAge > 0 && maxAge < 1000) {
    const mend =
      typeof options.maxAge === 'number' ? `did you mean '${maxAge}s'?` : "give 0 or at least '1s'";
    throw new InvalidOptionsError(`${place}.maxAge`, `is counted in seconds, got ${maxAge} ms; ${mend}`);
  }
  const maxAgeSeconds = Math.floor(maxAge / 1000);
  const scope = isForAll ? 'public' : 'private';
  return {
    ...rule,
    early: rule.early ?? (isForAll ? 'where-possible' : false),
    maxAgeSeconds,
    cacheControl: `${scope}, ${maxAgeSeconds === 0 ? 'no-cache' : `max-age=${maxAgeSeconds}`}`,
    // A handler that ran behind its response would find that response sent.
    // What is shared is text.
    policy: { ...rest, serveStale: false, softTimeout: 0, refreshAhead: 0, share: 'same' },
  };
}

type RuleShape = Omit<HttpCacheRule, 'maxAgeSeconds' | 'cacheControl' | 'policy' | 'early'> & {
  readonly early: HttpCacheOptions['early'];
  readonly maxAge: number;
  readonly name: string | undefined;
};

const readAudience: Reader<Audience> = (value, path) => {
  if (typeof value === 'function') return value as Audience;
  if (value === undefined) {
    throw new InvalidOptionsError(
      path,
      "say whom the answer is for: 'everyone', 'authorized', or a function of the request, such as its user's id",
    );
  }
  return oneOf('everyone', 'authorized')(value, path);
};

const readVary: Reader<readonly string[]> = (value, path) => {
  if (!Array.isArray(value))
    throw new InvalidOptionsError(path, 'expected a list of names of request headers');
  return readNames(value, path).map((name) => name.toLowerCase());
};

const readVaryBy: Reader<HttpCacheRule['varyBy']> = (value, path) => {
  if (!Array.isArray(value))
    throw new InvalidOptionsError(path, 'expected a list of functions of the request, and names of such');
  return value.map((source, index) =>
    typeof source === 'function'
      ? (source as (request: HttpRequest) => unknown)
      : text()(source, `${path}[${index}]`),
  );
};

const readQuery: Reader<HttpCacheRule['query']> = (value, path) => {
  if (Array.isArray(value)) return { names: readNames(value, path), count: true };
  const except = (value as { except?: unknown } | null)?.except;
  if (Array.isArray(except)) return { names: readNames(except, `${path}.except`), count: false };
  throw new InvalidOptionsError(path, "expected names, as in ['page', 'sort'], or { except: ['utm_*'] }");
};

function readNames(names: readonly unknown[], path: string): string[] {
  return names.map((name, index) => text()(name, `${path}[${index}]`));
}

const readForceFresh: Reader<NonNullable<HttpCacheRule['forceFresh']>> = (value, path) => {
  if (typeof value === 'function') return value as NonNullable<HttpCacheRule['forceFresh']>;
  throw new InvalidOptionsError(
    path,
    'expected a function of the request; anything else would have every request run the method',
  );
};

const readTags: Reader<HttpCacheRule['tags']> = (value, path) => {
  if (typeof value === 'function') return value as HttpCacheRule['tags'];
  if (!Array.isArray(value))
    throw new InvalidOptionsError(path, 'expected a list of tags, or a function of the request');
  return value.map((tag, index) => text()(tag, `${path}[${index}]`));
};

const readEarly: Reader<NonNullable<HttpCacheOptions['early']>> = (value, path) =>
  typeof value === 'boolean' ? value : oneOf('before-middleware')(value, path);

/** Options of a call's policy that a route may have. */
const POLICY_OPTIONS = [
  'ttl',
  'grace',
  'serveStaleIf',
  'lease',
  'leaseWait',
  'hardTimeout',
  'retryAfter',
  'jitter',
  'near',
] satisfies readonly (keyof HttpCacheOptions)[];

/** One reader for each option that is the route's own. */
export const HTTP_CACHE_OPTIONS: Shape<RuleShape> = {
  audience: readAudience,
  maxAge: withDefault(duration(), 0),
  vary: withDefault(readVary, []),
  varyBy: withDefault(readVaryBy, []),
  query: optional(readQuery),
  xCache: withDefault(bool, false),
  etag: withDefault(oneOf('weak', 'strong', 'none'), 'weak'),
  tags: withDefault(readTags, []),
  when: optional(func<(request: HttpRequest) => boolean>()),
  forceFresh: optional(readForceFresh),
  early: optional(readEarly, 'where nothing is in the way'),
  name: optional(text()),
};
