import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpRequest } from '../../options/http-cache-options.js';
import type { CachedRoute } from './cached-route.js';
import type { HttpExchange } from './http-exchange.js';
import { likenessOf } from './likeness.js';
import type { Place } from './place.js';
import { RepeatableAnswers } from './repeatable-answers.js';

/** Under which a request that goes on keeps what its answer is to be remembered by. */
const ASKED = Symbol('nestjs-memcached:asked');

/**
 * Answers hits at Node's server, in front of Express or Fastify. Whatever is not known for certain goes on to them, as it
 * came.
 */
export class BeforeMiddleware {
  readonly #answers = new RepeatableAnswers();
  #isOpen = true;

  /** @param server the application's, with whoever answers its requests so far. */
  constructor(server: Pick<Server, 'on' | 'rawListeners' | 'removeAllListeners'>) {
    const listeners = server.rawListeners('request');
    server.removeAllListeners('request');
    server.on('request', (request, response) =>
      this.#answer(request, response, () => {
        for (const listener of listeners) Reflect.apply(listener, server, [request, response]);
      }),
    );
  }

  /** Whoever asks from now on is answered by the application, which is about to end. */
  close(): void {
    this.#isOpen = false;
  }

  #answer(request: IncomingMessage & Marked, response: ServerResponse, goOn: () => void): void {
    const { rawHeaders } = request;
    const likeness = this.#isOpen ? likenessOf(request) : undefined;
    if (likeness === undefined) {
      goOn();
      return;
    }
    const answer = this.#answers.find(likeness, rawHeaders);
    const goOnAsked = (): void => {
      request[ASKED] = new Asked(this.#answers, likeness, rawHeaders);
      goOn();
    };
    if (answer === undefined) {
      goOnAsked();
      return;
    }
    const surprised = (): void => {
      answer.keep(0);
      goOnAsked();
    };
    answer.read().then((stored) => {
      if (!answer.repeat(stored, request, response)) surprised();
    }, surprised);
  }
}

/** A request on its way through the application. */
export class Asked {
  readonly likeness: string;
  readonly rawHeaders: readonly string[];
  readonly #answers: RepeatableAnswers;

  constructor(answers: RepeatableAnswers, likeness: string, rawHeaders: readonly string[]) {
    this.#answers = answers;
    this.likeness = likeness;
    this.rawHeaders = rawHeaders;
  }

  /** What stands for a request in front of the platform; undefined where nothing does. */
  static of(request: HttpRequest & { readonly raw?: object }): Asked | undefined {
    return ((request.raw ?? request) as Marked)[ASKED];
  }

  /** Takes notice of what was found for it, and is about to be sent. */
  hit(exchange: HttpExchange, route: CachedRoute, place: Place, stored: unknown): void {
    this.#answers.hear(this, exchange, { route, place, stored });
  }
}

interface Marked {
  [ASKED]?: Asked;
}
