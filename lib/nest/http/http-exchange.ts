import { ServerResponse } from 'node:http';
import { type FastifyReply, fastifyContentOf, type Serializer } from './fastify-content.js';
import { type Headers, names } from './header-names.js';
import type { HttpRequest } from '../../options/http-cache-options.js';
import type { Platform } from './platform.js';
import { type HeadSender, onceHeadIsKnown, onceHeadIsSent, type SentHead } from './sent-head.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** One request and its response, the same for Express and Fastify. */
export class HttpExchange {
  readonly request: HttpRequest;
  /** Whether what is handed to the platform now is what leaves. */
  readonly isLast: boolean;
  readonly #response: PlatformResponse;
  readonly #platform: Platform;

  constructor(request: HttpRequest, response: object, platform: Platform) {
    this.request = request;
    this.#response = response as PlatformResponse;
    this.#platform = platform;
    this.isLast = !platform.changesWhatIsSent;
  }

  /**
   * Protocol, host, path and query as the application sees them: from a trusted proxy what the client asked it for, over
   * HTTP/2 its `:authority`.
   *
   * @see RFC 9110, section 7.1; Express's `trust proxy`, Fastify's `trustProxy`
   */
  get origin(): string {
    const { request } = this;
    const host = request.host ?? (this.#platform.adapter.getRequestHostname(request) as string | undefined);
    return `${request.protocol ?? ''}://${(host ?? '').toLowerCase()}`;
  }

  get status(): number {
    return (this.#response.raw ?? this.#response).statusCode;
  }

  set status(code: number) {
    this.#platform.adapter.status(this.#response, code);
  }

  /** Whether somebody has begun to answer, or has answered a client that had left, to whom nothing is sent. */
  get isAnswered(): boolean {
    const { raw = this.#response, sent } = this.#response;
    // Fastify leaves a reply that was hijacked to whoever did it, who may write its head later.
    if (this.#platform.isFastify && sent === true) return true;
    return raw.headersSent === true || raw.writableEnded === true;
  }

  /** The response's headers at this moment. */
  get headers(): Headers {
    return { ...this.#response.getHeaders() };
  }

  header(name: string): string | readonly string[] | number | undefined {
    return this.#response.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    const response = this.#response;
    if (response.header !== undefined && this.#platform.isFastify) response.header(name, value);
    else response.setHeader?.(name, value);
  }

  /** Adds to a header that is a list. */
  append(name: string, value: string): void {
    const said = this.#response.getHeader(name);
    this.setHeader(name, said === undefined ? value : `${String(said)}, ${value}`);
  }

  /** Sends what Nest would have sent of what a route has returned. */
  reply(body: unknown): void {
    void this.#platform.adapter.reply(this.#response, body);
  }

  /** Sets headers as Nest sets those of `@Header()`. */
  setDeclared(headers: readonly DeclaredHeader[]): void {
    const { adapter } = this.#platform;
    for (const { name, value } of headers) {
      adapter.setHeader(this.#response, name, typeof value === 'function' ? value() : value);
    }
  }

  /** Calls back once, when the response has ended, or its connection has. */
  onceClosed(tell: () => void): void {
    (this.#response.raw ?? this.#response).once?.('close', tell);
  }

  /** Gives the response what an answer says; what is said by `Cache-Control` already stands, and `Vary` is added to. */
  say({ status, headers, removed, vary, cacheControl, cacheStatus, xCache }: Saying): void {
    const response = this.#response;
    if (this.textLeavesAsBytes) endInBytes(response);
    if (this.status !== status) this.status = status;
    for (const name of removed) response.removeHeader(name);
    let varies = vary;
    for (const [name, value] of headers) {
      if (name === 'vary') varies = [...names(value), ...vary];
      else this.setHeader(name, value);
    }
    if (response.getHeader('cache-control') === undefined) this.setHeader('cache-control', cacheControl);
    if (cacheStatus !== undefined) this.append('cache-status', cacheStatus);
    if (xCache !== undefined) this.setHeader('x-cache', xCache);
    if (varies.length === 0) return;
    this.setHeader('vary', [...new Set([...names(response.getHeader('vary')), ...varies])].join(', '));
  }

  /** Has a header say what it has said. */
  restore(name: string, value: Headers[string]): void {
    if (value === undefined) this.removeHeader(name);
    else this.setHeader(name, typeof value === 'number' ? String(value) : value);
  }

  removeHeader(name: string): void {
    this.#response.removeHeader(name);
  }

  /** Makes it the answer to a condition that holds: what is handed to the platform then is nothing. */
  becomeUnchanged(): void {
    this.status = 304;
    this.removeHeader('content-type');
    this.removeHeader('content-length');
    // Fastify says of nothing that is sent in answer to HEAD that it is 0 bytes long. @see RFC 9110, section 8.6
    const { raw } = this.#response;
    if (raw !== undefined && this.request.method === 'HEAD')
      beforeHead(raw, () => this.removeHeader('content-length'));
  }

  /**
   * Whether what the platform is given leaves as plain JSON, so that the JSON can be sent in its place: nobody has put
   * something of his own between, by a setting, a hook or another `res.json`.
   */
  get sendsPlainJson(): boolean {
    if (!this.#platform.sendsPlainJson || this.#isPatched('json') || this.#isPatched('send')) return false;
    return this.serializer === null;
  }

  /** What was given to Fastify's reply to make content of values, for this one answer; null where nothing was. */
  get serializer(): Serializer | null | undefined {
    return this.#platform.isFastify ? this.#platform.serializers.of(this.#response) : null;
  }

  /** Whether nobody stands behind this who could change what is sent. */
  get isSentByNode(): boolean {
    const { end, write } = this.#response.raw ?? this.#response;
    return this.isLast && end === ServerResponse.prototype.end && write === ServerResponse.prototype.write;
  }

  /**
   * Whether a text is made bytes before Node gets it, which otherwise writes the head together with it, as UTF-8. Express does so
   * where it makes an ETag, Fastify does not.
   */
  get textLeavesAsBytes(): boolean {
    return !this.#platform.isFastify;
  }

  /** The lines of a head that was sent, spelled as it was. */
  fieldsOf({ headers }: SentHead): (readonly [name: string, value: string])[] {
    const spelled = (this.#response.raw ?? this.#response).getRawHeaderNames?.() ?? [];
    const names = new Map(spelled.map((name) => [name.toLowerCase(), name]));
    return Object.entries(headers).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [value].flat().map((each) => [names.get(name) ?? name, String(each)] as const),
    );
  }

  /**
   * The text or the bytes that an object becomes for the client; undefined where it becomes none.
   *
   * @throws what a serializer throws.
   */
  contentOf(value: object): string | Buffer | undefined {
    const response = this.#response;
    if (!this.#platform.isFastify) return JSON.stringify(value);
    return fastifyContentOf(response as PlatformResponse & FastifyReply, value, this.serializer ?? null);
  }

  /** Has a text sent that is JSON already. */
  announceJson(): void {
    const response = this.#response;
    const isBare = response.getHeader('content-type') === undefined;
    if (isBare) this.setHeader('content-type', JSON_TYPE);
    const { serializer } = this;
    // Fastify leaves a text alone, unless the reply has a serializer, which is for what is sent in its place as well: an error.
    if (serializer) response.serializer?.((value) => (typeof value === 'string' ? value : serializer(value)));
    // All that Express would find out is known: 3% of a request's time.
    if (
      response.raw === undefined &&
      isBare &&
      response.statusCode === 200 &&
      response.getHeader('etag') !== undefined
    )
      response.send = sendJson;
  }

  /**
   * Looks at what leaves, behind all interceptors and hooks, and may take its place.
   *
   * @param conclude gets a text or bytes, and returns what is sent; is not asked for streams, nor where others stand behind
   *   it and change it.
   */
  onTheWayOut(conclude: (content: string | Uint8Array | undefined) => string | Uint8Array | undefined): void {
    const { raw } = this.#response;
    if (raw !== undefined) onTheWire(raw, conclude);
    else this.#onSend(conclude);
  }

  /** Tells of the head as it is sent; of nothing where the connection ends before. */
  onceHeadIsSent(tell: (head: SentHead | undefined) => void): void {
    this.#onHead(onceHeadIsSent, tell);
  }

  /** Tells of the head as it is sent, or would have been sent to a client that has left; of nothing where that is not known. */
  onceHeadIsKnown(tell: (head: SentHead | undefined) => void): void {
    this.#onHead(onceHeadIsKnown, tell);
  }

  #onHead(once: typeof onceHeadIsSent, tell: (head: SentHead | undefined) => void): void {
    const raw = this.#response.raw ?? this.#response;
    if (typeof raw.writeHead === 'function') once(raw, () => this.headers, tell);
    else tell({ status: this.status, headers: this.headers });
  }

  /** In Express, which makes its own ETags where this does not. */
  #onSend(conclude: (content: string | Uint8Array | undefined) => string | Uint8Array | undefined): void {
    const response = this.#response;
    const { send } = response;
    if (typeof send !== 'function' || this.#isPatched('send')) return;
    response.send = (payload) => {
      // Anything else comes again as a text.
      if (!isContent(payload)) return Reflect.apply(send, response, [payload]);
      delete response.send;
      return Reflect.apply(send, response, [conclude(payload)]);
    };
  }

  /** Whether somebody has put a method of his own in front of the platform's. */
  #isPatched(method: 'json' | 'send'): boolean {
    const response: object = this.#response;
    if (this.#platform.isFastify) return Object.hasOwn(response, method);
    // Express has objects of its applications between a response and its own: of the one that answers, and of those it is mounted on.
    let owners = 0;
    for (
      let each: object | null = response;
      each !== null;
      each = Object.getPrototypeOf(each) as object | null
    )
      if (Object.hasOwn(each, method)) owners += 1;
    return owners > 1;
  }
}

/** What `@Header()` has said of a route. */
export interface DeclaredHeader {
  readonly name: string;
  readonly value: string | (() => string);
}

/** What a response is given. */
interface Saying {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[];
  readonly removed: readonly string[];
  /** Names of request headers. */
  readonly vary: readonly string[];
  readonly cacheControl: string;
  /** What the cache did, by RFC 9211. */
  readonly cacheStatus?: string;
  /** Likewise, in the word of older proxies. */
  readonly xCache?: string | undefined;
}

/** Node's own response, under that of the platform. */
interface NodeResponse extends HeadSender {
  readonly headersSent?: boolean;
  readonly writableEnded?: boolean;
  write?: (...args: unknown[]) => unknown;
  getHeaders(): Headers;
  getRawHeaderNames?(): string[];
}

/** What Express's response and Fastify's reply have in common, and what one of them has. */
interface PlatformResponse extends NodeResponse {
  readonly raw?: NodeResponse;
  /** Fastify's. */
  readonly sent?: boolean;
  getHeader(name: string): string | readonly string[] | number | undefined;
  removeHeader(name: string): unknown;
  /** Fastify's; Express's does more than to set a header. */
  header?(name: string, value: string | readonly string[]): unknown;
  /** Node's, in Express. */
  setHeader?(name: string, value: string | readonly string[] | number): unknown;
  send?: (this: PlatformResponse, payload?: unknown) => unknown;
  /** Fastify's. */
  serializer?(serialize: Serializer): unknown;
}

/**
 * Holds back the head of Fastify's answer until its content is known.
 *
 * Fastify writes a head, and ends with the content; a stream is written in parts.
 */
function onTheWire(
  raw: NodeResponse,
  conclude: (content: string | Uint8Array | undefined) => string | Uint8Array | undefined,
): void {
  const { end, write, writeHead } = raw;
  let head: unknown[] | undefined;
  const sendHead = (): void => {
    Object.assign(raw, { end, write, writeHead });
    if (head !== undefined) Reflect.apply(writeHead!, raw, [raw.statusCode, ...head.slice(1)]);
  };
  raw.writeHead = (...args) => {
    [raw.statusCode as unknown] = args;
    head = args;
    return raw;
  };
  raw.write = (...args) => {
    sendHead();
    return Reflect.apply(write!, raw, args);
  };
  raw.end = (content, ...args) => {
    const concluded = head !== undefined && isContent(content) ? conclude(content) : content;
    sendHead();
    return Reflect.apply(end!, raw, [concluded, ...args]);
  };
}

/** Has something done once, right before Fastify's head is written. */
function beforeHead(raw: NodeResponse, act: () => void): void {
  const { writeHead } = raw;
  raw.writeHead = (...args) => {
    raw.writeHead = writeHead;
    act();
    return Reflect.apply(writeHead!, raw, args);
  };
}

function isContent(payload: unknown): payload is string | Uint8Array | undefined {
  return payload === undefined || typeof payload === 'string' || payload instanceof Uint8Array;
}

function sendJson(this: PlatformResponse, text: unknown): void {
  const bytes = Buffer.from(text as string);
  this.setHeader?.('content-length', bytes.length);
  this.end?.(bytes);
}

function endInBytes(response: NodeResponse): void {
  const { end } = response;
  response.end = (content, ...args) => {
    response.end = end;
    const bytes =
      typeof content === 'string' && content !== '' ? Buffer.from(content, encodingOf(args)) : content;
    return Reflect.apply(end!, response, [bytes, ...args]);
  };
}

function encodingOf([encoding]: readonly unknown[]): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
}
