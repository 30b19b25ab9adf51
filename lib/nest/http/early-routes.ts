import type { Type } from '@nestjs/common';
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Server } from 'node:http';
import type { HttpRequest } from '../../options/http-cache-options.js';
import { BeforeMiddleware } from './before-middleware.js';
import { EarlyRoute } from './early-route.js';
import {
  hasRoute,
  isBeforeMiddleware,
  isEarlyByClass,
  isInFrontOf,
  mayHaveEarlyRoutes,
} from './http-cache-metadata.js';
import { EARLY_HOOK } from './platform.js';

/** Puts an `EarlyRoute` in front of the handlers that Nest gives to Express and Fastify, once in an application. */
export class EarlyRoutes {
  readonly #adapters: HttpAdapterHost;
  readonly #isWanted: boolean;
  readonly #isWantedByClass: boolean;
  readonly #isWantedFirst: boolean;
  #isOnExpress = false;
  #beforeMiddleware: BeforeMiddleware | undefined;

  /** To be made before Nest registers routes: Fastify is told then only. */
  constructor(container: ModulesContainer, adapters: HttpAdapterHost) {
    this.#adapters = adapters;
    const controllers = [...container.values()]
      .flatMap(({ controllers: own }) => [...own.keys()])
      .filter((type) => typeof type === 'function') as Type[];
    this.#isWanted = controllers.some(mayHaveEarlyRoutes);
    this.#isWantedByClass = controllers.some(isEarlyByClass);
    this.#isWantedFirst = controllers.some((type) => hasRoute(type, isBeforeMiddleware));
    if (!this.#isWanted) return;
    // A testing module gets its adapter later.
    if ((adapters.httpAdapter as unknown) !== undefined) this.#putOnFastify();
    else adapters.init$.subscribe(() => this.#putOnFastify());
  }

  /** To be called once Nest has registered routes: Express has them then only. */
  putOnExpress(): void {
    const adapter = this.#adapters.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (!this.#isWanted || this.#isOnExpress || adapter?.getType() !== 'express') return;
    this.#isOnExpress = true;
    for (const { route } of layersOf(adapter.getInstance())) {
      if (route === undefined) continue;
      const early = new EarlyRoute();
      for (const layer of route.stack)
        if (isInFrontOf(layer.handle, this.#isWantedByClass)) layer.handle = inFrontOf(layer.handle, early);
    }
  }

  /** To be called once the application is complete. */
  putBeforeMiddleware(): void {
    const adapter = this.#adapters.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    const server = adapter?.getHttpServer() as Server | undefined;
    if (this.#isWantedFirst && server !== undefined) this.#beforeMiddleware ??= new BeforeMiddleware(server);
  }

  /** To be called when the application is about to end. */
  close(): void {
    this.#beforeMiddleware?.close();
  }

  #putOnFastify(): void {
    const { httpAdapter } = this.#adapters;
    if (httpAdapter.getType() !== 'fastify') return;
    httpAdapter.getInstance<Fastify>().addHook('onRoute', (options) => {
      // A schema is checked further in, of the headers too.
      if (options.schema !== undefined || ![options.method].flat().some(isRead)) return;
      const early = new EarlyRoute();
      const hook: PreParsing = (request, reply, _payload, done) => {
        // Nest's adapter finds no route for a path with an empty parameter.
        if (Object.values(request.params ?? {}).includes('')) done();
        else early.answer(request, reply, done);
      };
      Object.defineProperty(hook, 'name', { value: EARLY_HOOK });
      // Behind all hooks of `onRequest`, whoever adds them and when.
      options.preParsing = [...[options.preParsing ?? []].flat(), hook];
    });
  }
}

/** Express's handler of a route, with early hits. */
function inFrontOf(handle: Handle, early: EarlyRoute): Handle {
  const inFront: Handle = (request, response, next) =>
    early.answer(request, response, () => {
      // As Express does it, which is not there to do it any more once the answer was looked for.
      try {
        const running = handle(request, response, next);
        if (running instanceof Promise) {
          running.catch((error: unknown) => next(error ?? new Error('Rejected promise')));
        }
      } catch (error) {
        next(error);
      }
    });
  // By which tracers tell handlers apart.
  return Object.defineProperty(inFront, 'name', { value: handle.name });
}

function layersOf(express: { readonly router?: { readonly stack?: readonly Layer[] } }): readonly Layer[] {
  try {
    return express.router?.stack ?? [];
  } catch {
    // Express 4 throws where it is asked for its router.
    return [];
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

type Handle = (request: HttpRequest, response: object, next: (error?: unknown) => void) => unknown;

/** What stands in the stacks of Express's router and of its routes. */
interface Layer {
  readonly route?: { readonly stack: { handle: Handle }[] };
}

type PreParsing = (request: HttpRequest, reply: object, payload: unknown, done: () => void) => void;

/** What is asked of Fastify itself. */
interface Fastify {
  addHook(
    name: 'onRoute',
    hook: (options: {
      readonly method: string | string[];
      readonly schema?: unknown;
      preParsing?: PreParsing | PreParsing[];
    }) => void,
  ): void;
}
