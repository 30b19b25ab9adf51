import type { CallHandler } from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import type { CachedRoute } from './cached-route.js';
import type { HttpExchange } from './http-exchange.js';
import type { Headers } from './header-names.js';
import { type Method, NEVER_CALLED, type Receiver } from './receiver.js';

/**
 * A request whose answer is looked for before Nest has it.
 *
 * What is found is sent. Where the method is to run, or an error to be answered, the request goes on to Nest, and the
 * interceptor takes up there what was begun: one read, one computation, one count.
 */
export class EarlyRequest implements Method, Receiver {
  readonly #route: CachedRoute;
  readonly #exchange: HttpExchange;
  readonly #goOn: (request: EarlyRequest) => void;
  #hasGoneOn = false;
  /** Waits for what the method returns. */
  #method: Subscriber<unknown> | undefined;
  /** The way to the method, and Nest, which waits for the answer; once the interceptor has been reached. */
  #interceptor: { readonly next: CallHandler; readonly nest: Subscriber<unknown> } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #before: Headers | undefined;

  /** @param goOn has Nest get the request, to be found there. */
  constructor(route: CachedRoute, exchange: HttpExchange, goOn: (request: EarlyRequest) => void) {
    this.#route = route;
    this.#exchange = exchange;
    this.#goOn = goOn;
  }

  /** Whether it was begun for a route, and the interceptor of that route has not been reached yet. */
  isFor(route: CachedRoute): boolean {
    return this.#route === route && this.#interceptor === undefined;
  }

  /** Nest has said by then what it says of every answer of the route; a function among `@Header()` has another word each time. */
  get before(): Headers | undefined {
    return this.#before;
  }

  /** Runs the method, by way of Nest. */
  handle(): Observable<unknown> {
    if (this.#interceptor !== undefined) return this.#interceptor.next.handle();
    return new Observable((method) => {
      this.#method = method;
      this.#pass();
    });
  }

  /** The answer, for Nest. */
  resume(next: CallHandler): Observable<unknown> {
    return new Observable((nest) => {
      this.#interceptor = { next, nest };
      this.#before = this.#exchange.headers;
      if (this.#failure !== undefined) nest.error(this.#failure.error);
      else next.handle().subscribe(this.#method);
    });
  }

  next(body: unknown): void {
    if (this.#hasGoneOn) this.#interceptor?.nest.next(body);
    else if (!this.#exchange.isAnswered) this.#exchange.reply(body);
  }

  complete(): void {
    this.#interceptor?.nest.complete();
  }

  /** An error is answered by Nest's exception filters. */
  error(error: unknown): void {
    if (this.#hasGoneOn) {
      this.#interceptor?.nest.error(error);
      return;
    }
    this.#failure = { error };
    this.#pass();
  }

  #pass(): void {
    this.#hasGoneOn = true;
    // Somebody before the interceptor may answer: others may be waiting for the method then.
    this.#exchange.onceClosed(() => {
      if (this.#interceptor === undefined) this.#method?.error(NEVER_CALLED);
    });
    this.#goOn(this);
  }
}
