import { type CallHandler, GatewayTimeoutException } from '@nestjs/common';
import { lastValueFrom, Observable } from 'rxjs';
import { LoaderTimeoutError, MemcachedError } from '../../errors.js';
import type { ResolvedPolicy } from '../../options/cache-policy.js';
import { type BodyCodec, bodyOf, storeBody } from './body-form.js';
import type { CachedRoute } from './cached-route.js';
import { entityTagOf, isNotModified } from './conditional-request.js';
import { directives, type Headers, names } from './header-names.js';
import type { HttpExchange, SentHead } from './http-exchange.js';
import {
  headersChanged,
  readResponse,
  STORABLE_STATUS,
  type StoredResponse,
  writeResponse,
} from './stored-response.js';
import { unixMs } from '../../unix-time.js';

/** What those get who waited for an answer that is nobody's but the one request's it was made for. */
const NOT_STORED = Symbol('not stored');

/** How often a request looks: again where the answer turned out to depend on more, or what was stored is not ours. */
const MAX_LOOKS = 3;

/** What is stored as a body that is none. */
const UNREADABLE = Symbol('unreadable');

/** What a request needs to be answered from the cache. */
export interface Place {
  readonly key: string;
  /** Request headers in the key, in lower case. */
  readonly headers: readonly string[];
  readonly policy: ResolvedPolicy;
  /** The method is to run, whatever is stored. */
  readonly isForced: boolean;
}

/** What the method has made, and what becomes of it. */
interface Run {
  /** What is handed on to those further out. */
  readonly body: unknown;
  /** What is stored; `NOT_STORED` if nothing is. */
  readonly stored: Promise<string | typeof NOT_STORED> | typeof NOT_STORED;
}

/** One request on its way through the cache. */
export class CachedRequest {
  readonly #route: CachedRoute;
  readonly #exchange: HttpExchange;
  /** The exchange again, where nobody but the platform sees what is returned. */
  readonly #outermost: HttpExchange | undefined;
  readonly #codec: BodyCodec | undefined;
  readonly #next: CallHandler;

  constructor(route: CachedRoute, exchange: HttpExchange, sendsAsStored: boolean, next: CallHandler) {
    this.#route = route;
    this.#exchange = exchange;
    this.#outermost = sendsAsStored ? exchange : undefined;
    this.#codec = route.codec;
    this.#next = next;
  }

  /** @param find names the place anew, as what it depends on may have been learnt meanwhile. */
  answer(find: () => Place | undefined): Observable<unknown> {
    return new Observable((subscriber) => {
      const hand = (body: unknown): void => {
        subscriber.next(body);
        subscriber.complete();
      };
      this.#look(find, hand, 1).catch((error: unknown) => subscriber.error(error));
    });
  }

  async #look(find: () => Place | undefined, hand: (body: unknown) => void, look: number): Promise<void> {
    const place = look > MAX_LOOKS ? undefined : find();
    if (place === undefined) return this.#goPast(hand);
    const { key, policy } = place;
    const { service } = this.#route.cache;
    let run: Run | undefined;
    let hasRun = false;
    let stored: unknown;
    try {
      if (directives(this.#exchange.request.headers['cache-control']).has('only-if-cached')) {
        stored = await service.get<unknown>(key, policy);
        // See RFC 9111, section 5.2.1.7.
        if (stored === undefined) throw new GatewayTimeoutException();
      } else {
        stored = await service.getOrSet<unknown>(
          key,
          async (load) => {
            hasRun = true;
            run = await this.#run(place);
            hand(run.body);
            const text = await run.stored;
            if (text === NOT_STORED) load.skip();
            return text;
          },
          policy,
        );
      }
    } catch (error) {
      if (run !== undefined) return undefined;
      if (hasRun || !(error instanceof MemcachedError) || error instanceof LoaderTimeoutError) throw error;
      return this.#goPast(hand);
    }
    if (run !== undefined) return undefined;
    if (stored === NOT_STORED) return this.#look(find, hand, look + (find()?.key === key ? MAX_LOOKS : 1));
    const response = readResponse(stored);
    const body = response === undefined ? UNREADABLE : await this.#bodyOf(response, key);
    if (response !== undefined && body !== UNREADABLE) {
      hand(this.#exchange.isAnswered ? body : this.#replay(response, body, hasRun));
      return undefined;
    }
    // Not what this application stores. It must not stay, or every request would find it.
    await service.invalidate(key);
    return this.#look(find, hand, look + 1);
  }

  /** @returns `UNREADABLE` for what cannot be handed out here. */
  #bodyOf(response: StoredResponse, key: string): unknown {
    try {
      const body = bodyOf(response, this.#outermost, this.#codec, key);
      return body instanceof Promise ? body.catch(() => UNREADABLE) : body;
    } catch {
      return UNREADABLE;
    }
  }

  async #goPast(hand: (body: unknown) => void): Promise<void> {
    this.#tellCaches('fwd=bypass');
    hand(await lastValueFrom(this.#next.handle(), { defaultValue: undefined }));
  }

  /** Runs the method, and whatever interceptors are further in. */
  async #run(place: Place): Promise<Run> {
    const exchange = this.#exchange;
    const before = exchange.headers;
    const body: unknown = await lastValueFrom(this.#next.handle(), { defaultValue: undefined });
    if (exchange.isAnswered) return { body, stored: NOT_STORED };
    this.#route.loading(place.key);
    this.#tellCaches(place.isForced ? 'fwd=request' : 'fwd=uri-miss');
    const { status, headers: after } = exchange;
    if (!this.#maySay({ status, headers: after }, status)) {
      if (forbidsStoring(before, this.#route)) {
        this.#route.note(
          'headers',
          "'Cache-Control' forbids storing its answers before the method has run, so that none is stored; " +
            'have middleware leave this route alone',
        );
      }
      return { body, stored: NOT_STORED };
    }
    try {
      // At once, before anybody further out can change it.
      const form = storeBody(body, this.#outermost, this.#codec, place.key);
      const { form: kind, flags, body: text } = form instanceof Promise ? await form : form;
      let changed = headersChanged(before, after);
      if (this.#isLast && isNamed(status) && kind !== 'nothing') {
        const etag = this.#etagFor(after.etag, kind === 'bytes' ? Buffer.from(text, 'base64') : text);
        if (etag !== undefined) changed = { ...changed, headers: [...changed.headers, ['etag', etag]] };
      }
      const response: StoredResponse = { status, ...changed, at: unixMs(), form: kind, flags, body: text };
      const stored = new Promise<string | typeof NOT_STORED>((resolve) => {
        exchange.onceHeadIsSent((head) =>
          resolve(this.#isToStore(head, status, place) ? writeResponse(response) : NOT_STORED),
        );
      });
      const etag = response.headers.filter(([name]) => name === 'etag');
      exchange.say({ status, headers: etag, removed: [], ...this.#route.says });
      return { body: this.#conditional(kind === 'json' ? text : body, kind === 'json'), stored };
    } catch (error) {
      this.#route.notStored(place.key, error);
      return { body, stored: NOT_STORED };
    }
  }

  /** Makes the response what a stored answer says. */
  #replay(response: StoredResponse, body: unknown, isStale: boolean): unknown {
    const age = Math.max(0, Math.floor((unixMs() - response.at) / 1000));
    const { status, headers, removed } = response;
    this.#exchange.say({ status, headers: [...headers, ['age', String(age)]], removed, ...this.#route.says });
    this.#tellCaches(isStale ? 'hit; detail=stale' : 'hit');
    return this.#conditional(body, response.form === 'json');
  }

  /**
   * Answers a conditional request: at once where nobody further out can make something else of the answer, otherwise on the
   * way out.
   *
   * @param isJson whether the body is the JSON of what the method returned.
   */
  #conditional(body: unknown, isJson: boolean): unknown {
    if (!this.#isLast) {
      this.#exchange.onTheWayOut((content) => this.#conclude(content));
      if (isJson) this.#exchange.announceJson();
      return body;
    }
    const { headers } = this.#exchange.request;
    const hasCondition = headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
    if (hasCondition && this.#isUnchanged()) return undefined;
    if (isJson) this.#exchange.announceJson();
    return body;
  }

  /** Whether nobody further out can make something else of an answer. */
  get #isLast(): boolean {
    return this.#outermost !== undefined && this.#exchange.isLast;
  }

  /** Names what leaves, whoever has made it of what was stored. */
  #conclude(content: string | Uint8Array | undefined): string | Uint8Array | undefined {
    const exchange = this.#exchange;
    if (exchange.status >= 400) {
      // Somebody further out has failed; what was said of the answer does not hold for the error.
      for (const name of ['age', 'cache-control', 'etag']) exchange.removeHeader(name);
      return content;
    }
    if (content === undefined || !isNamed(exchange.status)) return content;
    const etag = this.#etagFor(exchange.header('etag'), content);
    if (etag !== undefined) exchange.setHeader('etag', etag);
    return this.#isUnchanged() ? undefined : content;
  }

  /** @returns an ETag for content that has none yet, if the options want one. */
  #etagFor(given: unknown, content: string | Uint8Array): string | undefined {
    const { etag } = this.#route.rule;
    return etag === 'none' || given !== undefined ? undefined : entityTagOf(content, etag);
  }

  /** Answers a conditional request by 304 where the client has what it would get. */
  #isUnchanged(): boolean {
    const exchange = this.#exchange;
    if (!isNamed(exchange.status)) return false;
    const { headers } = exchange.request;
    if (!isNotModified(headers, exchange.header('etag'), exchange.header('last-modified'))) return false;
    exchange.status = 304;
    exchange.removeHeader('content-type');
    exchange.removeHeader('content-length');
    return true;
  }

  /** @see RFC 9211 */
  #tellCaches(what: string): void {
    this.#exchange.append('cache-status', `nestjs-memcached; ${what}`);
    if (this.#route.rule.xCache) this.#exchange.setHeader('x-cache', what.startsWith('hit') ? 'HIT' : 'MISS');
  }

  /** Whether an answer is one of those that are stored, by what its head has said as it left. */
  #isToStore(head: SentHead | undefined, status: number, { headers }: Place): boolean {
    if (head === undefined || !this.#maySay(head, status)) return false;
    const said = names(head.headers.vary);
    const known = new Set([...headers, ...this.#route.says.vary]);
    const late = said.filter((name) => !known.has(name));
    if (late.length === 0) return true;
    if (!late.includes('*')) this.#route.learn(late);
    return false;
  }

  /**
   * Whether a head is that of an answer for its whole audience.
   *
   * @param status that of the method's answer; to a conditional request it may have become 304.
   * @see RFC 9111, section 3
   */
  #maySay(head: SentHead, status: number): boolean {
    const route = this.#route;
    const { headers } = head;
    if (!STORABLE_STATUS.has(head.status) && !(head.status === 304 && isNamed(status))) {
      if (head.status < 400) {
        route.note(
          'status',
          `its status is ${head.status}; answers are stored that are 200, 203, 204, 300, 301 or 308`,
        );
      }
      return false;
    }
    if (headers['set-cookie'] !== undefined) {
      route.note(
        'cookie',
        'its answers set a cookie, which is for one client, so that none is stored; set cookies on other routes, ' +
          'and have session middleware leave this one alone',
      );
      return false;
    }
    if (names(headers.vary).includes('*')) {
      route.note(
        'headers',
        "its answers say 'Vary: *', so that none is stored; name the request headers that they depend on",
      );
      return false;
    }
    return !forbidsStoring(headers, route);
  }
}

function forbidsStoring(headers: Headers, { rule }: CachedRoute): boolean {
  const control = directives(headers['cache-control']);
  return control.has('no-store') || (control.has('private') && rule.audience === 'everyone');
}

/** Whether content of a status is named by an ETag, and may be answered by 304. @see RFC 9110, section 13.2.1 */
function isNamed(status: number): boolean {
  return status >= 200 && status < 300 && status !== 204;
}
