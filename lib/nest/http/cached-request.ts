import { GatewayTimeoutException } from '@nestjs/common';
import { lastValueFrom, Observable } from 'rxjs';
import { CodecError, LoaderTimeoutError, MemcachedError } from '../../errors.js';
import type { HitRecorder } from './before-middleware.js';
import { bodyOf, storeBody } from './body-form.js';
import type { CachedRoute } from './cached-route.js';
import { isNamed } from './conditional-request.js';
import { directives, type Headers } from './header-names.js';
import type { HttpExchange } from './http-exchange.js';
import { OutgoingResponse } from './outgoing-response.js';
import type { Place } from './place.js';
import { hand, type Method, NEVER_CALLED, type Receiver, unlessCalled } from './receiver.js';
import { forbidsStoring, headersKnown, isToStore, maySay } from './storable-answer.js';
import {
  headersChanged,
  headersNamed,
  readResponse,
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

/** @see RFC 9211 */
const HIT = 'nestjs-memcached; hit';
const STALE_HIT = `${HIT}; detail=stale`;

/** One request on its way through the cache. */
export class CachedRequest {
  readonly #route: CachedRoute;
  readonly #exchange: HttpExchange;
  /** The exchange again, where nobody but the platform sees what is returned. */
  readonly #outermost: HttpExchange | undefined;
  readonly #next: Method;
  readonly #recorder: HitRecorder | undefined;

  /** @param recorder told of a fresh hit that is about to be sent. */
  constructor(
    route: CachedRoute,
    exchange: HttpExchange,
    sendsAsStored: boolean,
    next: Method,
    recorder?: HitRecorder,
  ) {
    this.#route = route;
    this.#exchange = exchange;
    this.#outermost = sendsAsStored ? exchange : undefined;
    this.#next = next;
    this.#recorder = recorder;
  }

  /** @param find names the place anew, as what it depends on may have been learnt meanwhile. */
  answer(find: () => Place | undefined): Observable<unknown> {
    return new Observable((subscriber) => {
      // Whoever has answered already may leave the rest to the method.
      if (this.#exchange.isAnswered) this.#call(subscriber);
      else this.begin(find, subscriber);
    });
  }

  /** `answer` of a request that nobody has answered yet, handed to whoever is to have it. */
  begin(find: () => Place | undefined, subscriber: Receiver): void {
    this.#look(find, subscriber, 1);
  }

  /** Looks for an answer, and hands it to the subscriber, or what prevented it. */
  #look(find: () => Place | undefined, subscriber: Receiver, look: number): void {
    try {
      const isOver = look > MAX_LOOKS || (look > 1 && this.#exchange.isAnswered);
      const place = isOver ? undefined : find();
      const { headers, method } = this.#exchange.request;
      const control = headers['cache-control'];
      if (place === undefined) this.#goPast(subscriber);
      else if (control !== undefined && directives(control).has('only-if-cached'))
        void this.#read(find, place, subscriber, look, cannotBeAnswered);
      else if (method === 'HEAD' && !this.#route.isForHead)
        void this.#read(find, place, subscriber, look, () => this.#run(place));
      else this.#obtain(find, place, subscriber, look);
    } catch (error) {
      subscriber.error(error);
    }
  }

  /** What is stored, or else what the method makes; the subscriber gets that as soon as it is there. */
  #obtain(find: () => Place | undefined, place: Place, subscriber: Receiver, look: number): void {
    let run: Run | undefined;
    let running: Promise<Run> | undefined;
    const load = async (context: { skip(): void }): Promise<unknown> => {
      let isOver = false;
      this.#exchange.onceClosed(() => (isOver = true));
      running = this.#run(place);
      try {
        run = await running;
      } catch (error) {
        this.#route.failed(error, isOver);
        throw error;
      }
      hand(subscriber, run.body);
      const text = await run.stored;
      if (text === NOT_STORED) context.skip();
      return text;
    };
    this.#route.cache.service.getOrSet<unknown>(place.key, load, place.policy).then(
      (stored) => {
        if (run === undefined) this.#found(find, place, subscriber, look, stored, running);
      },
      (error: unknown) => {
        if (run !== undefined) return;
        const failure = this.#route.failureOf(error);
        const isOfCache = error instanceof MemcachedError && !(error instanceof LoaderTimeoutError);
        if (running === undefined && failure === 'of a request that is over')
          this.#look(find, subscriber, look + 1);
        else if (running === undefined && failure === undefined && isOfCache) this.#goPast(subscriber);
        else subscriber.error(error);
      },
    );
  }

  /**
   * What is stored.
   *
   * @param otherwise what is answered where nothing is; it is not stored.
   */
  async #read(
    find: () => Place | undefined,
    place: Place,
    subscriber: Receiver,
    look: number,
    otherwise: () => Promise<Pick<Run, 'body'>>,
  ): Promise<void> {
    try {
      let stored: unknown;
      try {
        if (!place.isForced) stored = await this.#route.cache.service.get<unknown>(place.key, place.policy);
      } catch (error) {
        if (!(error instanceof MemcachedError)) throw error;
        this.#goPast(subscriber);
        return;
      }
      if (stored === undefined) hand(subscriber, (await otherwise()).body);
      else this.#found(find, place, subscriber, look, stored, undefined);
    } catch (error) {
      subscriber.error(error);
    }
  }

  /**
   * Hands on what was found; looks again where that is nobody else's, depends on more than was looked by, or is not what this
   * application stores.
   *
   * @param running the method's run that has failed, or is too slow, where what was found is stale.
   */
  #found(
    find: () => Place | undefined,
    place: Place,
    subscriber: Receiver,
    look: number,
    stored: unknown,
    running: Promise<Run> | undefined,
  ): void {
    const { key } = place;
    const isStale = running !== undefined;
    try {
      if (stored === NOT_STORED) {
        this.#lookElsewhere(find, key, subscriber, look);
        return;
      }
      const response = readResponse(stored);
      if (response !== undefined && this.#dependsOnMore(response, place)) {
        // It hands its answer to the subscriber, should there be one.
        if (isStale) running.catch((error: unknown) => subscriber.error(error));
        else this.#lookElsewhere(find, key, subscriber, look);
        return;
      }
      let body: unknown = UNREADABLE;
      try {
        if (response !== undefined) body = bodyOf(response, this.#outermost, this.#route, key);
      } catch {
        // As if nothing could be read.
      }
      if (response !== undefined && body !== UNREADABLE && !(body instanceof Promise)) {
        if (!isStale) this.#recorder?.hit(this.#exchange, this.#route, place, stored);
        hand(subscriber, this.#answerFromStored(response, body, isStale));
      } else {
        void this.#late(find, key, subscriber, look, response, body, isStale);
      }
    } catch (error) {
      subscriber.error(error);
    }
  }

  /**
   * Whether an answer names request headers that are not in the key it was found under, so that it may be another request's;
   * those of the requests to come have them.
   */
  #dependsOnMore(response: StoredResponse, { headers }: Place): boolean {
    const more = headersNamed(response).filter((name) => !headers.includes(name));
    if (more.length === 0) return false;
    this.#route.learn(more);
    return true;
  }

  /** Looks again where there is another place by now; runs the method where there is none. */
  #lookElsewhere(find: () => Place | undefined, key: string, subscriber: Receiver, look: number): void {
    this.#look(find, subscriber, look + (find()?.key === key ? MAX_LOOKS : 1));
  }

  /** The rest of `#found`, where a body takes its time, or is none. */
  async #late(
    find: () => Place | undefined,
    key: string,
    subscriber: Receiver,
    look: number,
    response: StoredResponse | undefined,
    decoding: unknown,
    isStale: boolean,
  ): Promise<void> {
    try {
      const body = await Promise.resolve(decoding).catch(() => UNREADABLE);
      if (response !== undefined && body !== UNREADABLE) {
        hand(subscriber, this.#answerFromStored(response, body, isStale));
        return;
      }
      // Not what this application stores. It must not stay, or every request would find it.
      await this.#route.cache.service.invalidate(key);
      this.#look(find, subscriber, look + 1);
    } catch (error) {
      subscriber.error(error);
    }
  }

  /** The method's answer, for this request alone; none where somebody further out has answered meanwhile. */
  #goPast(subscriber: Receiver): void {
    try {
      if (this.#exchange.isAnswered) {
        hand(subscriber, undefined);
        return;
      }
      this.#tellCaches('fwd=bypass');
      this.#call(subscriber);
    } catch (error) {
      subscriber.error(error);
    }
  }

  #call(subscriber: Receiver): void {
    lastValueFrom(this.#next.handle(), { defaultValue: undefined }).then(
      (body: unknown) => hand(subscriber, body),
      (error: unknown) => subscriber.error(error),
    );
  }

  /** Runs the method, and whatever interceptors are further in. */
  async #run(place: Place): Promise<Run> {
    const exchange = this.#exchange;
    const { headers: begun, serializer } = exchange;
    const body = await lastValueFrom(this.#next.handle(), { defaultValue: undefined }).catch(unlessCalled);
    const before = this.#next.before ?? begun;
    if (body === NEVER_CALLED || exchange.isAnswered) return { body, stored: NOT_STORED };
    this.#route.loading(place.key);
    this.#tellCaches(place.isForced ? 'fwd=request' : 'fwd=uri-miss');
    const { status, headers: after } = exchange;
    if (!maySay({ status, headers: after }, status, this.#route)) {
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
      if (this.#outermost === undefined && exchange.serializer !== serializer) {
        throw new CodecError(
          'the method has set reply.serializer(), which hits have not, and interceptors further out see the value; ' +
            'have it return what is sent, a text or a Buffer',
        );
      }
      // At once, before anybody further out can change it.
      const form = storeBody(body, this.#outermost, this.#route, place.key);
      const { form: kind, flags, body: text } = form instanceof Promise ? await form : form;
      const bytes = kind === 'bytes' ? Buffer.from(text, 'base64') : undefined;
      const outgoing = this.#outgoing(before);
      let changed = headersChanged(before, after);
      if (this.#isLast && isNamed(status) && kind !== 'nothing') {
        const etag = outgoing.etagFor(after.etag, bytes ?? text);
        if (etag !== undefined) changed = { ...changed, headers: [...changed.headers, ['etag', etag]] };
      }
      const response: StoredResponse = { status, ...changed, at: unixMs(), form: kind, flags, body: text };
      const known = headersKnown(place, this.#route, exchange.header('vary'));
      const stored = new Promise<string | typeof NOT_STORED>((resolve) => {
        exchange.onceHeadIsKnown((head) =>
          resolve(isToStore(head, status, known, this.#route) ? writeResponse(response) : NOT_STORED),
        );
      });
      const etag = response.headers.filter(([name]) => name === 'etag');
      exchange.say({ status, headers: etag, removed: [], ...this.#route.says });
      const isJson = kind === 'json';
      return { body: outgoing.handOn(isJson ? text : (bytes ?? body), isJson), stored };
    } catch (error) {
      this.#route.notStored(place.key, error);
      return { body, stored: NOT_STORED };
    }
  }

  /** Makes the response what a stored answer says. */
  #answerFromStored(response: StoredResponse, body: unknown, isStale: boolean): unknown {
    const age = Math.max(0, Math.floor((unixMs() - response.at) / 1000));
    const exchange = this.#exchange;
    if (exchange.isAnswered) return body;
    const { status, headers, removed } = response;
    const { rule, says } = this.#route;
    const before = this.#isLast ? undefined : exchange.headers;
    exchange.say({
      status,
      headers: [...headers, ['age', String(age)]],
      removed,
      vary: says.vary,
      cacheControl: says.cacheControl,
      cacheStatus: isStale ? STALE_HIT : HIT,
      xCache: rule.xCache ? 'HIT' : undefined,
    });
    const isJson = response.form === 'json';
    const { headers: asked } = exchange.request;
    const isAsked = asked['if-none-match'] !== undefined || asked['if-modified-since'] !== undefined;
    if (isAsked || !this.#isLast) return this.#outgoing(before).handOn(body, isJson);
    if (isJson) exchange.announceJson();
    return body;
  }

  /** Whether what is handed on now is what leaves. */
  get #isLast(): boolean {
    return this.#outermost !== undefined && this.#exchange.isLast;
  }

  #outgoing(before: Headers = {}): OutgoingResponse {
    return new OutgoingResponse(this.#exchange, this.#route.rule.etag, this.#isLast, before);
  }

  /** Says what became of a request that the cache did not answer. @see RFC 9211 */
  #tellCaches(what: string): void {
    this.#exchange.append('cache-status', `nestjs-memcached; ${what}`);
    if (this.#route.rule.xCache) this.#exchange.setHeader('x-cache', 'MISS');
  }
}

/** What the method has made, and what becomes of it. */
interface Run {
  /** What is handed on to those further out. */
  readonly body: unknown;
  /** What is stored; `NOT_STORED` if nothing is. */
  readonly stored: Promise<string | typeof NOT_STORED> | typeof NOT_STORED;
}

/** @see RFC 9111, section 5.2.1.7 */
async function cannotBeAnswered(): Promise<never> {
  throw new GatewayTimeoutException();
}
