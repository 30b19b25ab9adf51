import { InvalidOptionsError } from '../../errors.js';
import type { CachePolicy, Ttl } from '../../options/cache-options.js';
import type { Duration } from '../../options/duration.js';
import {
  duration,
  func,
  oneOf,
  optional,
  type Reader,
  type Shape,
  text,
  withDefault,
} from '../../options/schema.js';
import { readOptions } from '../methods/decorator-options.js';

/** What a request is to the options' functions: that of Express or Fastify, with what guards and middleware have added. */
export interface HttpRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string;
  readonly params?: unknown;
  readonly query?: unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- what guards add is the application's own
  readonly [added: string]: any;
}

/**
 * Whom an answer is for.
 *
 * `everyone`: the same for all; a request with `Authorization` goes past the cache. `authorized`: the same for all whom the
 * guards let through. A function: the same for all requests of which it returns the same text, such as the id of the user;
 * where it returns `undefined`, the request goes past the cache.
 */
export type Audience = 'everyone' | 'authorized' | ((request: HttpRequest) => string | number | undefined);

/** Options of `@HttpCache`. */
export interface HttpCacheOptions extends Pick<
  CachePolicy,
  'grace' | 'serveStaleIf' | 'lease' | 'leaseWait' | 'onLeaseBusy' | 'hardTimeout' | 'retryAfter' | 'jitter'
> {
  /** Whom an answer is for. Has no default, so that nobody shares a personal answer by leaving it out. */
  audience: Audience;

  /**
   * How long an answer is fresh, here.
   *
   * @default the module's `cache.ttl`
   */
  ttl?: Ttl;

  /**
   * How long browsers and proxies may use an answer without asking (`max-age`). Nothing invalidates it there.
   *
   * @default 0: they ask each time (`no-cache`), and get a 304 while nothing has changed
   */
  maxAge?: Duration;

  /**
   * Names of request headers on which the answer depends; they become part of the key, and of `Vary`.
   *
   * @default []
   */
  vary?: readonly string[];

  /**
   * How answers are named for conditional requests. `weak`: the same content. `strong`: the same bytes, where nothing
   * behind the cache (compression, an outer interceptor) changes them. A method that sets an ETag keeps its own.
   *
   * @default 'weak'
   */
  etag?: 'weak' | 'strong' | 'none';

  /**
   * Names that invalidate the answer, or a function of the request that returns them.
   *
   * @default []
   */
  tags?: readonly string[] | ((request: HttpRequest) => readonly string[]);

  /** Whether this request uses the cache. */
  when?: (request: HttpRequest) => boolean;

  /**
   * Name of the `MemcachedModule`.
   *
   * @default the module without a name
   */
  name?: string;
}

/** `HttpCacheOptions` with nothing left open. */
export interface HttpCacheRule {
  readonly audience: Audience;
  readonly maxAgeSeconds: number;
  readonly vary: readonly string[];
  readonly etag: 'weak' | 'strong' | 'none';
  readonly tags: readonly string[] | ((request: HttpRequest) => readonly string[]);
  readonly when: ((request: HttpRequest) => boolean) | undefined;
  readonly policy: CachePolicy<never>;
}

/**
 * Reads the options of a route.
 *
 * @throws {InvalidOptionsError} with the place at the beginning of the path.
 */
export function readHttpCacheOptions(options: HttpCacheOptions, place: string): HttpCacheRule {
  const { own, rest } = readOptions<RuleShape>(options, place, RULE);
  const { maxAge, name: _, ...rule } = own;
  return {
    ...rule,
    maxAgeSeconds: Math.floor(maxAge / 1000),
    // A handler that ran behind its response would find that response sent.
    policy: { ...rest, serveStale: false, softTimeout: 0, refreshAhead: 0 },
  };
}

type RuleShape = Omit<HttpCacheRule, 'maxAgeSeconds' | 'policy'> & {
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

const readHeaderNames: Reader<readonly string[]> = (value, path) => {
  if (!Array.isArray(value))
    throw new InvalidOptionsError(path, 'expected a list of names of request headers');
  return value.map((name, index) => text()(name, `${path}[${index}]`).toLowerCase());
};

const readTags: Reader<HttpCacheRule['tags']> = (value, path) => {
  if (typeof value === 'function') return value as HttpCacheRule['tags'];
  if (!Array.isArray(value))
    throw new InvalidOptionsError(path, 'expected a list of tags, or a function of the request');
  return value.map((tag, index) => text()(tag, `${path}[${index}]`));
};

const RULE: Shape<RuleShape> = {
  audience: readAudience,
  maxAge: withDefault(duration(), 0),
  vary: withDefault(readHeaderNames, []),
  etag: withDefault(oneOf('weak', 'strong', 'none'), 'weak'),
  tags: withDefault(readTags, []),
  when: optional(func<(request: HttpRequest) => boolean>()),
  name: optional(text()),
};
