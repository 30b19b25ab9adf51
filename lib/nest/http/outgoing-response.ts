import type { HttpCacheRule } from '../../options/http-cache-options.js';
import { entityTagOf, isNamed, isNotModified } from './conditional-request.js';
import type { Headers } from './header-names.js';
import type { HttpExchange } from './http-exchange.js';

/** What is said of an answer, and of no error that is made of it. */
const OF_THE_ANSWER = ['age', 'cache-control', 'etag'];

/** An answer on its way out, which is named by what leaves, and compared with what the client has. */
export class OutgoingResponse {
  readonly #exchange: HttpExchange;
  readonly #etag: HttpCacheRule['etag'];
  readonly #isLast: boolean;
  readonly #before: Headers;

  /**
   * @param etag how it is named.
   * @param isLast whether nobody further out can make something else of it.
   * @param before what the response said before there was an answer; only looked at where it is not the last word.
   */
  constructor(exchange: HttpExchange, etag: HttpCacheRule['etag'], isLast: boolean, before: Headers) {
    this.#exchange = exchange;
    this.#etag = etag;
    this.#isLast = isLast;
    this.#before = before;
  }

  /** @returns an ETag for content that has none yet, if the options want one. */
  etagFor(given: unknown, content: string | Uint8Array): string | undefined {
    return this.#etag === 'none' || given !== undefined ? undefined : entityTagOf(content, this.#etag);
  }

  /**
   * What is handed on of it, once everything is said: nothing where the client has it. Where it is not the last word, a
   * condition is answered on the way out.
   *
   * @param isJson whether the body is the JSON of what the method returned.
   */
  handOn(body: unknown, isJson: boolean): unknown {
    const exchange = this.#exchange;
    if (!this.#isLast) {
      const said = OF_THE_ANSWER.map((name) => exchange.header(name));
      exchange.onTheWayOut((content) => this.#conclude(content, said));
    } else if (this.#answeredUnchanged()) {
      return undefined;
    }
    if (isJson) exchange.announceJson();
    return body;
  }

  /**
   * Names what leaves, whoever has made it of what was stored.
   *
   * @param said of the answer, by `OF_THE_ANSWER`.
   */
  #conclude(content: Content, said: readonly Headers[string][]): Content {
    const exchange = this.#exchange;
    if (exchange.status >= 400) {
      // Somebody further out has failed. What was said of the answer does not hold for the error; what he says does.
      for (const [index, name] of OF_THE_ANSWER.entries()) {
        if (exchange.header(name) === said[index]) exchange.restore(name, this.#before[name]);
      }
      return content;
    }
    if (content === undefined || !isNamed(exchange.status)) return content;
    const etag = this.etagFor(exchange.header('etag'), content);
    if (etag !== undefined) exchange.setHeader('etag', etag);
    return this.#answeredUnchanged() ? undefined : content;
  }

  /** Answers a conditional request by 304 where the client has what it would get. @returns whether it did. */
  #answeredUnchanged(): boolean {
    const exchange = this.#exchange;
    if (!isNamed(exchange.status)) return false;
    const { headers } = exchange.request;
    if (!isNotModified(headers, exchange.header('etag'), exchange.header('last-modified'))) return false;
    exchange.becomeUnchanged();
    return true;
  }
}

type Content = string | Uint8Array | undefined;
