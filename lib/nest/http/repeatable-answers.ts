import { Logger } from '@nestjs/common';
import { BoundedMap } from '../../bounded-map.js';
import type { CachedRoute } from './cached-route.js';
import { names } from './header-names.js';
import type { HttpExchange } from './http-exchange.js';
import { namesEchoed, valuesOf } from './request-fingerprint.js';
import type { Place } from './place.js';
import { type Field, RepeatableAnswer, RepeatableHead } from './repeatable-answer.js';
import type { SentHead } from './sent-head.js';
import { readResponse } from './stored-response.js';

/** Answers that are remembered, of about 2 KB each. */
const MAX_ANSWERS = 5000;

/** For how long answers are repeated without being heard again, in milliseconds. */
const REPEATED_FOR_MS = 10_000;

/** Headers of one message and its connection: an answer that bears them is not repeated. */
const OF_ONE_MESSAGE = [
  'connection',
  'date',
  'keep-alive',
  'set-cookie',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/**
 * Hits as the application has sent them, middleware and all.
 *
 * One is repeated where the request before it got the same, word for word but for its age, and for a while only. What says
 * something else each time, such as an id of the request, is not known of the next one.
 */
export class RepeatableAnswers {
  readonly #answers = new BoundedMap<string, RepeatableAnswer>(MAX_ANSWERS);
  /** By which headers those to requests that are alike differ. */
  readonly #vary = new BoundedMap<string, readonly string[]>(MAX_ANSWERS);
  readonly #closed = new Set<CachedRoute>();
  readonly #told = new Set<CachedRoute>();

  /** The answer that is repeated to a request; undefined where the application is to answer. */
  find(fingerprint: string, rawHeaders: readonly string[]): RepeatableAnswer | undefined {
    const vary = this.#vary.get(fingerprint);
    if (vary === undefined) return undefined;
    const answer = this.#answers.get(nameOf(fingerprint, vary, rawHeaders));
    if (answer === undefined || this.#closed.has(answer.route)) return undefined;
    return answer.claimRepeat() ? answer : undefined;
  }

  /** Takes notice of a hit that the application is about to send. */
  hear(request: FingerprintedRequest, exchange: HttpExchange, { route, place, stored }: Hit): void {
    if (typeof stored !== 'string' || this.#closed.has(route)) return;
    if (route.says.vary.includes('*')) {
      this.#close(route, 'its method takes what stands in no header: the address of the client, or a body');
      return;
    }
    if (exchange.isSentByNode) {
      exchange.onceHeadIsSent((sent) => {
        if (sent === undefined) return;
        this.#learn(
          request,
          sent,
          exchange.fieldsOf(sent),
          { route, place, stored },
          exchange.textLeavesAsBytes,
        );
      });
    } else {
      this.#tell(route, 'middleware or a hook may change what is sent, as compression and sessions do');
    }
  }

  #learn(
    { fingerprint, rawHeaders }: FingerprintedRequest,
    { status, headers }: SentHead,
    fields: readonly Field[],
    { route, place, stored }: Hit & { readonly stored: string },
    asBytes: boolean,
  ): void {
    const response = readResponse(stored);
    const length = headers['content-length'];
    // Node says the length of nothing by itself, where nobody else does, and behind everything else.
    if (response === undefined || headers.age === undefined || (status !== 304 && length === undefined))
      return;
    const own = OF_ONE_MESSAGE.find((name) => headers[name] !== undefined);
    if (own !== undefined) {
      this.#tell(route, `middleware says '${own}', which belongs to one message`);
      return;
    }
    const head = new RepeatableHead(fields);
    const said = [...place.headers, ...names(headers.vary), ...namesEchoed(rawHeaders, fields)];
    const vary = [...new Set([...(this.#vary.get(fingerprint) ?? []), ...said])];
    this.#vary.set(fingerprint, vary);
    const name = nameOf(fingerprint, vary, rawHeaders);
    const before = this.#answers.get(name);
    if (before?.isOf(place, stored) === true) {
      const other = before.differsFrom(head, status);
      if (other === undefined) before.keep(REPEATED_FOR_MS);
      else this.#close(route, `middleware says something else by '${other}' each time`);
    } else if (before !== undefined && before.key !== place.key) {
      this.#close(route, 'middleware sends the same request now here, now there');
    } else if (status === response.status) {
      const answer = new RepeatableAnswer(route, place, stored, response, head, asBytes && !head.isAscii);
      if (answer.length === Number(length)) this.#answers.set(name, answer);
      else this.#tell(route, 'what is sent is not what is stored');
    }
  }

  #close(route: CachedRoute, reason: string): void {
    this.#closed.add(route);
    this.#tell(route, reason);
  }

  #tell(route: CachedRoute, reason: string): void {
    if (this.#told.has(route)) return;
    this.#told.add(route);
    new Logger('Memcached').warn(
      `${route.place}: its hits are not answered before middleware, since ${reason}; say early: true. Said once.`,
    );
  }
}

/** What is kept of a request until it is answered. */
export interface FingerprintedRequest {
  readonly fingerprint: string;
  readonly rawHeaders: readonly string[];
}

/** What was found for a request, and where. */
interface Hit {
  readonly route: CachedRoute;
  readonly place: Place;
  readonly stored: unknown;
}

/** What the answer to a request is remembered by. */
function nameOf(fingerprint: string, vary: readonly string[], rawHeaders: readonly string[]): string {
  return vary.length === 0 ? fingerprint : `${fingerprint}\n${vary.join()}\n${valuesOf(rawHeaders, vary)}`;
}
