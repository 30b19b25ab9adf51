import { RequestMethod, type Type } from '@nestjs/common';
import { CodecError, DecoratorError } from '../../errors.js';
import type { ModuleCache } from '../instance/module-cache.js';
import type { UncachedReason } from '../instance/uncached-calls.js';
import { escapeText } from '../keys/escape.js';
import { partOfKey } from '../keys/key-template.js';
import { httpMethod } from '../methods/nest-metadata.js';
import type { ResolvedPolicy } from '../../options/cache-policy.js';
import type { BodyCodec } from './body-form.js';
import { names } from './header-names.js';
import type { HttpCacheRule, HttpRequest } from '../../options/http-cache-options.js';
import type { HttpExchange } from './http-exchange.js';
import { QueryChoice } from './query-choice.js';
import type { RouteVersions } from './route-versions.js';
import { inputsOf, type RequestInputs, suffixOfInputs } from './request-inputs.js';

/** More names than this no sound application has in its `Vary`; answers that name others are not stored. */
const MAX_LEARNT = 16;

/** What is known of a route that is cached. */
export class CachedRoute {
  readonly rule: HttpCacheRule;
  readonly cache: ModuleCache;
  /** Class, method and decorator, for messages. */
  readonly place: string;
  /** Whether nobody but the platform sees what is returned for it. */
  readonly isOutermost: boolean;
  /** Whether it answers HEAD only. Others may make less of HEAD than of GET, which must not be stored for GET. */
  readonly isForHead: boolean;
  /** Request headers that an answer is known to depend on: by options, and by what the method takes. */
  readonly #declared: readonly string[];
  /** Those, and what answers have named by `Vary`; sorted. */
  #known: readonly string[];
  readonly #name: string;
  readonly #query: QueryChoice | undefined;
  readonly #inputs: RequestInputs;
  readonly #failures = new WeakMap<object, Failure>();
  /** Of requests that nothing in particular is said of. */
  #policy: ResolvedPolicy | undefined;
  /** What every answer says to caches further out, beside what the application says. */
  readonly says: { readonly cacheControl: string; readonly vary: readonly string[] };

  constructor(
    type: Type,
    property: string,
    rule: HttpCacheRule,
    cache: ModuleCache,
    isOutermost: boolean,
    { declared, header, areMany }: RouteVersions,
  ) {
    this.rule = rule;
    this.cache = cache;
    this.place = `${type.name}.${property} @HttpCache`;
    this.isOutermost = isOutermost;
    this.isForHead = httpMethod(type, property) === RequestMethod.HEAD;
    this.#query = rule.query && new QueryChoice(rule.query.names, rule.query.count);
    const versions = header === undefined ? [] : [header];
    const asked = areMany ? versions : [];
    this.#inputs = inputsOf(type, property, rule);
    this.#declared = [...new Set([...rule.vary, ...this.#inputs.headers, ...asked])];
    this.#known = this.#declared.toSorted();
    // A browser whose user changes must not take one's answer for the other's, where it may take it without asking.
    const isKept = rule.audience !== 'everyone' && rule.maxAgeSeconds > 0;
    const users = isKept ? ['authorization', 'cookie'] : [];
    // Here a version that is the only one is part of the route; caches further out know of the header only.
    const vary = [...new Set([...this.#declared, ...this.#inputs.vary, ...users, ...versions])];
    this.says = { cacheControl: rule.cacheControl, vary };
    this.#name = `http:${escapeText(type.name)}.${escapeText(property)}${declared === undefined ? '' : `@${escapeText(declared)}`}`;
  }

  /**
   * The request headers that are part of the key of a request.
   *
   * @param vary what the response says by `Vary` before the method has run.
   * @returns undefined where that is everything.
   */
  headersInKey(vary: ReturnType<HttpExchange['header']>): readonly string[] | undefined {
    if (vary === undefined) return this.#known;
    const said = names(vary);
    if (said.includes('*')) return undefined;
    return [...new Set([...this.#known, ...said])].toSorted();
  }

  /**
   * Takes names from a `Vary` that came too late for this request's key into those of the requests to come.
   */
  learn(late: readonly string[]): void {
    const known = new Set([...this.#known, ...late]);
    if (known.size <= this.#declared.length + MAX_LEARNT) this.#known = [...known].toSorted();
  }

  /**
   * The key of a request's answer, without the request headers in it: the route, whom the answer is for, where the request
   * goes, and what `varyBy` adds.
   *
   * @param origin protocol and host, as the application sees them.
   * @returns undefined where the audience's function does not say whom it is for.
   */
  keyOf(request: HttpRequest, origin: string): string | undefined {
    const { audience, varyBy } = this.rule;
    const query = this.#query;
    let key = this.#name;
    if (typeof audience === 'function') {
      const whom = audience(request);
      if (whom === undefined) return undefined;
      key += `:for:${partOfKey(whom, this.place)}`;
    } else {
      key += `:${audience}`;
    }
    const { originalUrl = request.url, url } = request;
    key += `:${escapeText(origin + (query === undefined ? originalUrl : query.apply(originalUrl)))}`;
    // Where middleware has sent the request to another address than the client's.
    if (url !== originalUrl) key += `:${escapeText(query === undefined ? url : query.apply(url))}`;
    for (const source of varyBy) {
      const value = typeof source === 'string' ? this.cache.varySource(source)() : source(request);
      if (value === undefined) throw new DecoratorError('varyBy: what the answer depends on is undefined');
      key += `|${partOfKey(value, this.place)}`;
    }
    return key;
  }

  /**
   * On what terms a request is answered.
   *
   * @throws what the function of tags among the options throws.
   */
  policyFor(request: HttpRequest, isForced: boolean): ResolvedPolicy {
    const { tags, policy } = this.rule;
    if (typeof tags === 'function') return this.cache.policy(policy, this.place, tags(request), isForced);
    if (isForced) return this.cache.policy(policy, this.place, tags, true);
    return (this.#policy ??= this.cache.policy(policy, this.place, tags));
  }

  /**
   * What stands behind a key: the request headers that the answer depends on, those too that the request lacks, and what else
   * the method takes of a request. So a key says by which headers its answers are told apart, and a process that knows of
   * others looks elsewhere.
   *
   * @throws {DecoratorError} for what has no stable form.
   */
  suffixOf(request: HttpRequest, known: readonly string[]): string {
    const { others } = this.#inputs;
    let suffix = others.length === 0 ? '' : suffixOfInputs(others, request, this.place);
    for (const name of known) {
      const value = request.headers[name];
      suffix +=
        value === undefined ? `|!${escapeText(name)}` : `|${escapeText(name)}=${escapeText(String(value))}`;
    }
    return suffix;
  }

  /** What makes values storable for those who stand further out; undefined for a service that a test put there. */
  get codec(): BodyCodec | undefined {
    const { client } = this.cache.service as { client?: { codec?: BodyCodec } };
    return client?.codec;
  }

  /**
   * Keeps that the method has failed, to be told from a fault of the cache by those who have waited for its answer.
   *
   * @param isOver whether the request that it ran for was over by then, as where its client has left.
   */
  failed(error: unknown, isOver: boolean): void {
    if (typeof error === 'object' && error !== null)
      this.#failures.set(error, isOver ? 'of a request that is over' : 'of the method');
  }

  /** @returns undefined for what the method has not failed with. */
  failureOf(error: unknown): Failure | undefined {
    return this.#failures.get(error as object);
  }

  /** Tells whose a key is, in case its answer is too large. */
  loading(key: string): void {
    this.cache.uncached.loading(key, this.place);
  }

  /** Counts that what the method has returned cannot be stored, and says once why. */
  notStored(key: string, error: unknown): void {
    const told = error instanceof CodecError ? error : new CodecError(String(error), { cause: error });
    this.cache.uncached.notStored(key, told);
  }

  /** Counts that an answer is not stored, and says once why, and what to do about it. */
  note(reason: UncachedReason, message: string): void {
    this.cache.uncached.note(this.place, reason, message);
  }
}

/** What a method has failed with: its own fault, or perhaps that of the one request that it ran for. */
type Failure = 'of the method' | 'of a request that is over';
