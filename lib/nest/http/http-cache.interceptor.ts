import {
  type CallHandler,
  type ExecutionContext,
  GatewayTimeoutException,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import 'reflect-metadata';
import { defer, lastValueFrom, type Observable } from 'rxjs';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME, getModuleCacheToken } from '../instance/module-name.js';
import { partOfKey } from '../keys/key-template.js';
import { entityTagOf, isNotModified } from './conditional-request.js';
import { HTTP_CACHE } from './http-cache-metadata.js';
import { type HttpCacheOptions, type HttpCacheRule, readHttpCacheOptions } from './http-cache-options.js';
import { HttpExchange } from './http-exchange.js';
import { captureResponse, directives, isStorable, names, type StoredResponse } from './stored-response.js';

/** Marks a request that one of these interceptors has taken care of, so that a second one on its way lets it pass. */
const TAKEN = Symbol('nestjs-memcached:http');

/** What is known of a route that is cached. */
interface Route {
  readonly rule: HttpCacheRule;
  readonly cache: ModuleCache;
  /** Class, method and decorator, for messages. */
  readonly place: string;
}

/**
 * Does the work of `@HttpCache`, which brings it along; used as a global interceptor, it stands around all others, and
 * stores what they have made of the method's answer.
 */
@Injectable()
export class HttpCacheInterceptor implements NestInterceptor {
  readonly #modules: ModuleRef;
  readonly #adapters: HttpAdapterHost;
  readonly #routes = new WeakMap<object, Route | false>();
  /** Answers that are not stored, and for nobody but the request they were made for. */
  readonly #personal = new WeakSet<StoredResponse>();

  constructor(modules: ModuleRef, adapters: HttpAdapterHost) {
    this.#modules = modules;
    this.#adapters = adapters;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const route = this.#route(context);
    if (route === false) return next.handle();
    const exchange = new HttpExchange(context, this.#adapters.httpAdapter);
    const request = exchange.request as { [TAKEN]?: true };
    if (request[TAKEN] === true) return next.handle();
    request[TAKEN] = true;
    const key = keyOf(exchange, `${context.getClass().name}.${context.getHandler().name}`, route);
    return key === undefined ? next.handle() : defer(() => this.#answer(key, exchange, route, next));
  }

  async #answer(key: string, exchange: HttpExchange, route: Route, next: CallHandler): Promise<unknown> {
    const { cache, place, rule } = route;
    const { request } = exchange;
    const tags = typeof rule.tags === 'function' ? rule.tags(request) : rule.tags;
    const policy = cache.policy(rule.policy, place, tags);
    if (directives(request.headers['cache-control']).has('only-if-cached')) {
      const stored = await cache.service.peek<StoredResponse>(key, policy);
      // See RFC 9111, section 5.2.1.7.
      if (stored === undefined) throw new GatewayTimeoutException();
      return send(stored, false, exchange, rule);
    }
    let own: StoredResponse | undefined;
    const response = await cache.service.getOrSet<StoredResponse>(
      key,
      async (load) => {
        own = await this.#run(exchange, rule, next);
        if (this.#personal.has(own)) load.skip();
        return own;
      },
      policy,
    );
    if (!this.#personal.has(response)) return send(response, response === own, exchange, rule);
    // Whoever waited for somebody else's answer, and finds it personal, needs one of his own.
    return response === own ? response.body : (await this.#run(exchange, rule, next)).body;
  }

  /** Runs the method, and whatever interceptors are further in. */
  async #run(exchange: HttpExchange, rule: HttpCacheRule, next: CallHandler): Promise<StoredResponse> {
    const before = exchange.headers;
    const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const after = exchange.headers;
    const response = captureResponse(exchange.status, before, after, body, Date.now());
    if (exchange.setsCookies || !isStorable(response, before, after, rule)) {
      this.#personal.add(response);
      return response;
    }
    if (rule.etag === 'none' || after.etag !== undefined) return response;
    const etag = await entityTagOf(body, rule.etag);
    return { ...response, headers: [...response.headers, ['etag', etag]] };
  }

  /** What is known of the route that is called; false where it is not cached. */
  #route(context: ExecutionContext): Route | false {
    const handler = context.getHandler();
    let route = this.#routes.get(handler);
    if (route === undefined) {
      route = this.#find(handler, `${context.getClass().name}.${handler.name} @HttpCache`);
      this.#routes.set(handler, route);
    }
    return route;
  }

  #find(handler: object, place: string): Route | false {
    const options = Reflect.getMetadata(HTTP_CACHE, handler) as HttpCacheOptions | undefined;
    if (options === undefined) return false;
    const cache = this.#cache(options.name ?? DEFAULT_NAME);
    return cache === undefined ? false : { rule: readHttpCacheOptions(options, place), cache, place };
  }

  #cache(instance: string): ModuleCache | undefined {
    try {
      return this.#modules.get<ModuleCache | undefined>(getModuleCacheToken(instance), { strict: false });
    } catch {
      return undefined;
    }
  }
}

/** The key of a request's answer; undefined where the request goes past the cache. */
function keyOf(exchange: HttpExchange, name: string, { rule }: Route): string | undefined {
  const { request } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (directives(request.headers['cache-control']).has('no-store')) return undefined;
  if (rule.when !== undefined && !rule.when(request)) return undefined;
  const { audience, vary } = rule;
  if (audience === 'everyone' && request.headers.authorization !== undefined) return undefined;
  const whom = typeof audience === 'function' ? ['for', audience(request)] : [audience];
  if (whom.includes(undefined)) return undefined;
  const headers = vary.map((header) => request.headers[header]);
  return ['http', name, ...whom, ...exchange.target, ...headers]
    .map((part) => partOfKey(part, name))
    .join(':');
}

/**
 * Makes the response what the answer says, and what its age and the request's conditions make of it.
 *
 * @param isOwn whether it was made for this very request.
 * @returns the body to be sent.
 */
function send(
  response: StoredResponse,
  isOwn: boolean,
  exchange: HttpExchange,
  rule: HttpCacheRule,
): unknown {
  if (!isOwn) {
    exchange.status = response.status;
    exchange.setHeader('age', String(Math.max(0, Math.floor((Date.now() - response.at) / 1000))));
  }
  for (const [name, value] of response.headers) exchange.setHeader(name, value);
  const { headers } = exchange;
  if (headers['cache-control'] === undefined) exchange.setHeader('cache-control', cacheControl(rule));
  const vary = new Set([...names(headers.vary), ...rule.vary]);
  if (vary.size > 0) exchange.setHeader('vary', [...vary].join(', '));
  if (!isNotModified(exchange.request.headers, headers)) return response.body;
  exchange.status = 304;
  return undefined;
}

function cacheControl({ audience, maxAgeSeconds }: HttpCacheRule): string {
  const scope = audience === 'everyone' ? 'public' : 'private';
  return maxAgeSeconds === 0 ? `${scope}, no-cache` : `${scope}, max-age=${maxAgeSeconds}`;
}
