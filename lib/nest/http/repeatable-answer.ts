import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResolvedPolicy } from '../../options/cache-policy.js';
import { unixMs } from '../../unix-time.js';
import type { CachedRoute } from './cached-route.js';
import { isNamed, isNotModified } from './conditional-request.js';
import type { Place } from './place.js';
import type { BodyForm, StoredResponse } from './stored-response.js';

/** How long before its time runs out one request goes on to hear whether it is to be repeated further, in milliseconds. */
const REVALIDATION_MS = 1000;

/** What a 304 leaves out. */
const OF_CONTENT: ReadonlySet<string> = new Set(['content-length', 'content-type']);

/** A hit as it left, headers of middleware included: it is said once more for as long as the same answer is stored. */
export class RepeatableAnswer {
  readonly route: CachedRoute;
  readonly key: string;
  /** Of its body, in bytes. */
  readonly length: number;
  readonly #policy: ResolvedPolicy;
  readonly #response: Omit<StoredResponse, 'body'>;
  /** What stands in front of the body in what is stored. */
  readonly #line: string;
  readonly #whole: RepeatableHead;
  /** That of a 304. */
  readonly #unchanged: RepeatableHead;
  readonly #asBytes: boolean;
  readonly #etag: string | undefined;
  readonly #lastModified: string | undefined;
  /** Until when it is repeated, in milliseconds since 1970. */
  #goodUntil = 0;
  /** From when on the next request goes on instead, in milliseconds since 1970. */
  #revalidateAfter = 0;

  /**
   * @param response what is stored, read.
   * @param asBytes whether a text leaves as bytes, so that it does not change those of the head.
   */
  constructor(
    route: CachedRoute,
    { key, policy }: Place,
    stored: string,
    { body, ...response }: StoredResponse,
    head: RepeatableHead,
    asBytes: boolean,
  ) {
    this.route = route;
    this.key = key;
    this.#policy = policy;
    this.#response = response;
    this.length = Buffer.byteLength(contentOf(response.form, body));
    // A copy: a part of a text holds on to the whole, body and all.
    this.#line = Buffer.from(stored.slice(0, stored.length - body.length)).toString();
    this.#whole = head;
    this.#asBytes = asBytes;
    this.#unchanged = head.without(OF_CONTENT);
    this.#etag = head.get('etag');
    this.#lastModified = head.get('last-modified');
  }

  /**
   * Whether it is repeated to the request that asks. As its time runs out, to all but the first, which goes on to hear
   * whether it still is what is said.
   */
  claimRepeat(): boolean {
    const now = unixMs();
    if (now >= this.#goodUntil) return false;
    if (now < this.#revalidateAfter) return true;
    this.#revalidateAfter = Number.POSITIVE_INFINITY;
    return false;
  }

  /** Has it repeated for so long, in milliseconds from now; 0 ends that. */
  keep(milliseconds: number): void {
    this.#goodUntil = unixMs() + milliseconds;
    this.#revalidateAfter = this.#goodUntil - REVALIDATION_MS;
  }

  /** Whether a hit was of the same answer in the same place. */
  isOf({ key }: Place, stored: string): boolean {
    return key === this.key && stored.startsWith(this.#line);
  }

  /** @returns the name of a header by which another hit of the same answer says something else. */
  differsFrom(head: RepeatableHead, status: number): string | undefined {
    return (status === this.#response.status ? this.#whole : this.#unchanged).differsFrom(head);
  }

  /** Reads what is stored. */
  read(): Promise<unknown> {
    return this.route.cache.service.get<unknown>(this.key, this.#policy);
  }

  /** Says it once more, or 304 to whoever has it. @returns false where something else is stored by now. */
  repeat(stored: unknown, { headers }: IncomingMessage, response: ServerResponse): boolean {
    if (typeof stored !== 'string' || !stored.startsWith(this.#line) || response.headersSent) return false;
    const { at, form, status } = this.#response;
    const content = contentOf(form, stored.slice(this.#line.length));
    if (Buffer.byteLength(content) !== this.length) return false;
    const age = Math.max(0, Math.floor((unixMs() - at) / 1000));
    if (isNamed(status) && isNotModified(headers, this.#etag, this.#lastModified)) {
      response.writeHead(304, this.#unchanged.at(age)).end();
    } else {
      response
        .writeHead(status, this.#whole.at(age))
        .end(this.#asBytes ? Buffer.from(content as string) : content);
    }
    return true;
  }
}

/** A head that was sent: names and values in turn, in their order, written as they were. */
export class RepeatableHead {
  readonly #fields: string[];
  readonly #age: number;

  constructor(fields: readonly Field[]) {
    this.#fields = fields.flat();
    this.#age = 2 * fields.findIndex(([name]) => name.toLowerCase() === 'age') + 1;
    if (this.#age > 0) this.#fields[this.#age] = '';
  }

  /** Whether it is the same bytes in all encodings. */
  get isAscii(): boolean {
    return this.#fields.every((text) => !/[^\x00-\x7f]/.test(text));
  }

  /** What is said by a header. @param name in lower case. */
  get(name: string): string | undefined {
    return this.#pairs.find(([each]) => each.toLowerCase() === name)?.[1];
  }

  without(names: ReadonlySet<string>): RepeatableHead {
    return new RepeatableHead(this.#pairs.filter(([name]) => !names.has(name.toLowerCase())));
  }

  /** For Node, which takes it in at once. @param age of the answer, in seconds. */
  at(age: number): string[] {
    this.#fields[this.#age] = String(age);
    return this.#fields;
  }

  /** @returns the name of a header that another head says otherwise; undefined where they differ in age alone. */
  differsFrom(other: RepeatableHead): string | undefined {
    const others = other.#fields;
    const length = Math.max(this.#fields.length, others.length);
    for (let index = 0; index < length; index += 1) {
      const isSame = this.#fields[index] === others[index];
      const name = index - (index % 2);
      if (!isSame && index !== this.#age) return this.#fields[name] ?? others[name];
    }
    return undefined;
  }

  get #pairs(): Field[] {
    return this.#fields.flatMap((name, index) => (index % 2 === 0 ? [[name, this.#fields[index + 1]]] : []));
  }
}

/** One line of a head. */
export type Field = readonly [name: string, value: string];

function contentOf(form: BodyForm, body: string): string | Buffer {
  return form === 'bytes' ? Buffer.from(body, 'base64') : body;
}
