import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import 'reflect-metadata';
import type { Observable } from 'rxjs';
import { InvalidOptionsError } from '../../errors.js';
import { ApplicationCaches } from '../instance/application-caches.js';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import { getModuleCacheToken } from '../instance/module-name.js';
import { CachedRequest } from './cached-request.js';
import { isEventStream, leavesResponseToMethod, propertyOf } from '../methods/nest-metadata.js';
import { CachedRoute } from './cached-route.js';
import { obstaclesToEarlyHits } from './early-obstacles.js';
import { EarlyRequest } from './early-request.js';
import { EarlyRoute } from './early-route.js';
import { EarlyRoutes } from './early-routes.js';
import { isOutermost } from './interceptor-order.js';
import { versionsOf } from './route-versions.js';
import { directives } from './header-names.js';
import { hasCachedRoutes, optionsOfRoute } from './http-cache-metadata.js';
import {
  type HttpCacheOptions,
  type HttpRequest,
  readHttpCacheOptions,
} from '../../options/http-cache-options.js';
import { type DeclaredHeader, HttpExchange } from './http-exchange.js';
import type { Place } from './place.js';
import { Platform } from './platform.js';
import { noteVaryAll } from './storable-answer.js';
import { controllerProvider } from './controller-provider.js';

/** Marks a request that one of these interceptors has taken care of, so that a second one on its way lets it pass. */
const TAKEN = Symbol('nestjs-memcached:http');

// Nest keeps what `@Header()` says under its own name, the same in versions 11 and 12.
const HEADERS = '__headers__';

/**
 * Does the work of `@HttpCache`, which brings it along; used as a global interceptor, it stands around all others, and
 * stores what they have made of the method's answer.
 *
 * Only routes with `@HttpCache` are cached. `HttpCacheInterceptor.of(options)` caches every GET of those it is bound to,
 * the whole application by `APP_INTERCEPTOR`. A subclass may choose keys and requests of its own.
 *
 * @example
 * providers: [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor.of({ audience: 'everyone', ttl: '1m' }) }]
 */
@Injectable()
export class HttpCacheInterceptor
  implements NestInterceptor, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy
{
  readonly #modules: ModuleRef;
  readonly #adapters: HttpAdapterHost;
  /** By class, since heirs share their methods. */
  readonly #routes = new WeakMap<object, WeakMap<object, CachedRoute | false>>();
  readonly #early: EarlyRoutes;
  #platform: Platform | undefined;

  constructor(modules: ModuleRef, adapters: HttpAdapterHost) {
    this.#modules = modules;
    this.#adapters = adapters;
    const container = modules.get(ModulesContainer, { strict: false });
    this.#early = ApplicationCaches.of(container).companion(
      container,
      'early routes',
      () => new EarlyRoutes(container, adapters),
    );
  }

  /**
   * Makes an interceptor that caches every GET as `@HttpCache` with these options would; a route's own go first.
   *
   * @throws {InvalidOptionsError} for `early`, which belongs on routes, one by one; for any other wrong option when the first
   *   request comes, with its path.
   */
  static of<R = HttpRequest>(options: HttpCacheOptions<R>): Type<HttpCacheInterceptor> {
    if ((options.early ?? false) !== false) {
      throw new InvalidOptionsError(
        'early',
        "is said of routes, one by one: @HttpCache({ audience: 'everyone', early: true })",
      );
    }
    @Injectable()
    class HttpCacheInterceptorOf extends HttpCacheInterceptor {
      protected override readonly options: HttpCacheOptions<never> = options;
    }
    return HttpCacheInterceptorOf;
  }

  /** What routes without `@HttpCache` are cached by; `undefined` leaves them alone. */
  protected readonly options: HttpCacheOptions<never> | undefined = undefined;

  /** Has hits answered early in front of Nest's handlers, which are there by now. */
  onModuleInit(): void {
    this.#early.putOnExpress();
  }

  /** Has hits answered before middleware; says what to write where it stands around routes of which none is cached. */
  onApplicationBootstrap(): void {
    this.#early.putBeforeMiddleware();
    const container = this.#modules.get(ModulesContainer, { strict: false });
    const controllers = [...container.values()].flatMap(({ controllers: own }) => [...own.keys()]);
    const isMarked = controllers.some((type) => typeof type === 'function' && hasCachedRoutes(type as Type));
    if (this.options !== undefined || isMarked) return;
    new Logger('Memcached').warn(
      'HttpCacheInterceptor caches routes with @HttpCache, of which there are none, so that it does nothing; write ' +
        "@HttpCache({ audience: 'everyone', ttl: '5m' }) on routes or controllers, or use " +
        "HttpCacheInterceptor.of({ audience: 'everyone', ttl: '5m' }) in its place to cache every GET",
    );
  }

  /** Has the application answer whoever asks from now on. */
  onModuleDestroy(): void {
    this.#early.close();
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const route = this.#route(context);
    if (route === false) return next.handle();
    const platform = (this.#platform ??= new Platform(this.#adapters.httpAdapter));
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest & { [TAKEN]?: true }>();
    if (request[TAKEN] === true || (request.method !== 'GET' && request.method !== 'HEAD'))
      return next.handle();
    request[TAKEN] = true;
    const early = EarlyRoute.of(request);
    if (early instanceof EarlyRequest && early.isFor(route)) return early.resume(next);
    if (early instanceof EarlyRoute && route.rule.early !== false)
      this.#open(early, route, context, platform);
    const exchange = new HttpExchange(request, http.getResponse<object>(), platform);
    const sendsAsStored = route.isOutermost && exchange.sendsPlainJson;
    return new CachedRequest(route, exchange, sendsAsStored, next).answer(() =>
      this.#place(context, exchange, route, sendsAsStored),
    );
  }

  /** Has hits of a route answered early from now on, where nothing is in the way. */
  #open(early: EarlyRoute, route: CachedRoute, context: ExecutionContext, platform: Platform): void {
    const type = context.getClass();
    const handler = context.getHandler();
    early.close();
    // Of routes without the decorator it is not known beforehand that they may be early.
    if (!route.isOutermost || optionsOfRoute(type, handler) === undefined) return;
    if (platform.hasHooksBeforeNest) {
      if (route.rule.early === 'where-possible') return;
      new Logger('Memcached').warn(
        `${route.place}: its hits are not answered early, since the application has hooks that run between its middleware ` +
          "and the route; have those of 'preParsing', 'preValidation' and 'preHandler' run in 'onRequest'",
      );
      return;
    }
    if (obstaclesToEarlyHits(type, handler, this.#modules, HttpCacheInterceptor).length > 0) return;
    const headers = (Reflect.getMetadata(HEADERS, handler) ?? []) as readonly DeclaredHeader[];
    if (headers.some(({ name }) => name.toLowerCase() === 'set-cookie')) return;
    early.open({
      route,
      platform,
      headers,
      place: (exchange) => this.#place(undefined, exchange, route, true),
    });
  }

  /** Whether a request may be answered from the cache, and its answer be stored. */
  protected isRequestCacheable(_context: ExecutionContext): boolean {
    return true;
  }

  /**
   * The key of a request's answer. Request headers that the answer depends on, and what else the method takes of a request by
   * its parameters, are added to it.
   *
   * @param key what it would be: it tells apart routes, audiences, hosts, paths and queries, and whoever makes another has
   *   to do so himself.
   * @returns `undefined` lets the request go past the cache.
   */
  protected trackBy(_context: ExecutionContext, key: string): string | undefined {
    return key;
  }

  /**
   * Where the answer to a request is stored; undefined where the request goes past the cache.
   *
   * @param context undefined before Nest has the request, where no heir of this class chooses by it.
   */
  #place(
    context: ExecutionContext | undefined,
    exchange: HttpExchange,
    route: CachedRoute,
    sendsAsStored: boolean,
  ): Place | undefined {
    const { rule } = route;
    const { request } = exchange;
    const { authorization, 'cache-control': control } = request.headers;
    if (rule.audience === 'everyone' && authorization !== undefined) return undefined;
    if (control !== undefined && directives(control).has('no-store')) return undefined;
    try {
      if (rule.when !== undefined && !rule.when(request)) return undefined;
      if (context !== undefined && !this.isRequestCacheable(context)) return undefined;
      const vary = exchange.header('vary');
      const { origin } = exchange;
      const headers = route.headersInKey(vary);
      if (headers === undefined) {
        noteVaryAll(route);
        return undefined;
      }
      const suffix = route.suffixOf(request, headers);
      const own = route.keyOf(request, origin);
      const key = own === undefined || context === undefined ? own : this.trackBy(context, own);
      if (key === undefined) return undefined;
      const isForced = rule.forceFresh?.(request) === true;
      const policy = route.policyFor(request, isForced);
      const form = sendsAsStored || key !== own ? '' : '|value';
      return { key: key + suffix + form, headers, policy, isForced };
    } catch (error) {
      // What the application throws at its clients is its answer.
      if (error instanceof HttpException) throw error;
      route.note(
        'key',
        `a request went past the cache, since a function among its options threw: ${String(error)}; ` +
          "return undefined from 'audience' for those whom the answer is not for",
      );
      return undefined;
    }
  }

  /** What is known of the route that is called; false where it is not cached. */
  #route(context: ExecutionContext): CachedRoute | false {
    const type = context.getClass();
    const handler = context.getHandler();
    let routes = this.#routes.get(type);
    if (routes === undefined) this.#routes.set(type, (routes = new WeakMap()));
    let route = routes.get(handler);
    if (route === undefined) routes.set(handler, (route = this.#find(type, handler)));
    return route;
  }

  #find(type: Type, handler: object): CachedRoute | false {
    const options = optionsOfRoute(type, handler) ?? this.options;
    if (options === undefined) return false;
    const cache = this.#cache(type, options.name ?? DEFAULT_NAME);
    // A service that a test put in the real one's place may know nothing of caches.
    if (typeof cache?.service.getOrSet !== 'function') return false;
    const property = propertyOf(type, handler);
    if (leavesResponseToMethod(type, property) || isEventStream(type, property)) return false;
    const rule = readHttpCacheOptions(options, `${type.name}.${property} @HttpCache`);
    const isFirst = isOutermost(this, type, handler, this.#modules);
    return new CachedRoute(type, property, rule, cache, isFirst, versionsOf(type, handler, this.#modules));
  }

  /** The cache that the controller's own module sees, as for decorated methods; where it sees none, that of anybody. */
  #cache(type: Type, name: string): ModuleCache | undefined {
    const token = getModuleCacheToken(name);
    const visible = controllerProvider(type, token, this.#modules.get(ModulesContainer, { strict: false }));
    if (visible !== undefined) return visible as ModuleCache;
    try {
      return this.#modules.get<ModuleCache | undefined>(token, { strict: false });
    } catch {
      return undefined;
    }
  }
}
