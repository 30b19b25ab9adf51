import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpRequest } from '../../options/http-cache-options.js';
import type { CachedRoute } from './cached-route.js';
import type { HttpExchange } from './http-exchange.js';
import { fingerprintOf } from './request-fingerprint.js';
import type { Place } from './place.js';
import { RepeatableAnswers } from './repeatable-answers.js';

/** Under which a request that goes on keeps whoever remembers its answer. */
const RECORDER = Symbol('nestjs-memcached:hit-recorder');

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
    const fingerprint = this.#isOpen ? fingerprintOf(request) : undefined;
    if (fingerprint === undefined) {
      goOn();
      return;
    }
    const answer = this.#answers.find(fingerprint, rawHeaders);
    const goOnRecording = (): void => {
      request[RECORDER] = new HitRecorder(this.#answers, fingerprint, rawHeaders);
      goOn();
    };
    if (answer === undefined) {
      goOnRecording();
      return;
    }
    const surprised = (): void => {
      answer.keep(0);
      goOnRecording();
    };
    answer.read().then((stored) => {
      if (!answer.repeat(stored, request, response)) surprised();
    }, surprised);
  }
}

/** Remembers what the application answers to one request that goes on to it, where that is a hit. */
export class HitRecorder {
  readonly fingerprint: string;
  readonly rawHeaders: readonly string[];
  readonly #answers: RepeatableAnswers;

  constructor(answers: RepeatableAnswers, fingerprint: string, rawHeaders: readonly string[]) {
    this.#answers = answers;
    this.fingerprint = fingerprint;
    this.rawHeaders = rawHeaders;
  }

  /** That of a request; undefined where it did not come through here. */
  static of(request: HttpRequest & { readonly raw?: object }): HitRecorder | undefined {
    return ((request.raw ?? request) as Marked)[RECORDER];
  }

  /** Takes notice of what was found for it, and is about to be sent. */
  hit(exchange: HttpExchange, route: CachedRoute, place: Place, stored: unknown): void {
    this.#answers.hear(this, exchange, { route, place, stored });
  }
}

interface Marked {
  [RECORDER]?: HitRecorder;
}
