import type { HttpRequest } from '../../options/http-cache-options.js';
import { HitRecorder } from './before-middleware.js';
import { CachedRequest } from './cached-request.js';
import type { CachedRoute } from './cached-route.js';
import { EarlyRequest } from './early-request.js';
import { type DeclaredHeader, HttpExchange } from './http-exchange.js';
import type { Place } from './place.js';
import type { Platform } from './platform.js';

/** Under which a request keeps what was begun for it, or the route whose interceptor is to say what it knows. */
const EARLY = Symbol('nestjs-memcached:early');

/**
 * One route of the platform, in front of the handler that Nest gave it. It is the platform that has chosen it, and whatever
 * is said of its answers comes from the interceptor: the first request goes on to Nest, and those after it find what that
 * one has learnt.
 */
export class EarlyRoute {
  #known: Known | 'closed' | undefined;

  /** What was begun for a request; where nothing was, the route that it came through. */
  static of(request: object): EarlyRoute | EarlyRequest | undefined {
    return (request as Marked)[EARLY];
  }

  /** From now on hits are answered here. */
  open(known: Known): void {
    this.#known = known;
  }

  /** Nothing is answered here, now or later. */
  close(): void {
    this.#known = 'closed';
  }

  /**
   * Answers a request where its answer is stored.
   *
   * @param goOn hands it to Nest; called once at most, and not where the request is answered here.
   */
  answer(request: HttpRequest, response: object, goOn: () => void): void {
    const known = this.#known;
    if (known === 'closed') {
      goOn();
      return;
    }
    if (known === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      (request as Marked)[EARLY] = this;
      goOn();
      return;
    }
    const { route, platform, place, headers } = known;
    const exchange = new HttpExchange(request, response, platform);
    if (!exchange.sendsPlainJson || exchange.isAnswered) {
      goOn();
      return;
    }
    try {
      exchange.setDeclared(headers);
    } catch {
      // Nest sets them again, and answers for what they throw.
      goOn();
      return;
    }
    const early = new EarlyRequest(route, exchange, (begun) => {
      (request as Marked)[EARLY] = begun;
      goOn();
    });
    const recorder = route.rule.early === 'before-middleware' ? HitRecorder.of(request) : undefined;
    new CachedRequest(route, exchange, true, early, recorder).begin(() => place(exchange), early);
  }
}

/** What the interceptor of a route knows of it. */
interface Known {
  readonly route: CachedRoute;
  readonly platform: Platform;
  /** Those of `@Header()`. */
  readonly headers: readonly DeclaredHeader[];
  /** Where the answer to a request is stored; undefined where the request goes past the cache. */
  readonly place: (exchange: HttpExchange) => Place | undefined;
}

interface Marked {
  [EARLY]?: EarlyRoute | EarlyRequest;
}
