import { BoundedMap } from '../../bounded-map.js';
import { type Headers, names } from './header-names.js';

/** An answer as it is stored: what the route's method has made of the response, and what it returned. */
export interface StoredResponse {
  readonly status: number;
  /** What the method has set or changed; what middleware sets, it sets on every response. */
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[];
  /** Names of headers that the method has taken away. */
  readonly removed: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
  readonly form: BodyForm;
  /** The codec's flags of a body that it made. */
  readonly flags: number;
  readonly body: string;
}

/** How the body stands in a stored answer. */
export type BodyForm =
  /** A text, sent as it is. */
  | 'text'
  /** The JSON that goes to the client, sent in place of the value it was made of. */
  | 'json'
  /** Bytes, sent as they are. */
  | 'bytes'
  /** `null`, a number or a truth value, for whoever stands further out. */
  | 'scalar'
  /** The text that the codec made of a value, for whoever stands further out. */
  | 'value'
  /** The bytes that it made. */
  | 'packed'
  | 'nothing';

/** Answers that may be stored: neither errors nor parts. @see RFC 9110, section 15.1 */
export const STORABLE_STATUS: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** Headers that belong to one message, and not to what it says. @see RFC 9111, section 3.1; RFC 9110, section 7.6.1 */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set([
  'age',
  'cache-status',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-cache',
]);

const FORMS: ReadonlySet<unknown> = new Set<BodyForm>([
  'text',
  'json',
  'bytes',
  'scalar',
  'value',
  'packed',
  'nothing',
]);

/** Heads of stored answers that are kept as read, of a few hundred bytes each. */
const MAX_HEADS = 1000;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** What no header's value may contain: it would end the header. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]/;

/** What a route's method has done to the headers, `OF_ONE_MESSAGE` left aside. */
export function headersChanged(before: Headers, after: Headers): Pick<StoredResponse, 'headers' | 'removed'> {
  const headers: [name: string, value: string | readonly string[]][] = [];
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined || OF_ONE_MESSAGE.has(name) || String(before[name]) === String(value)) continue;
    headers.push([name, Array.isArray(value) ? value.map(String) : String(value)]);
  }
  const removed = Object.keys(before).filter(
    (name) => before[name] !== undefined && after[name] === undefined && !OF_ONE_MESSAGE.has(name),
  );
  return { headers, removed };
}

/** Writes an answer as one text, so that any codec can store it: a line of JSON, and the body behind it. */
export function writeResponse({ body, ...head }: StoredResponse): string {
  return `${JSON.stringify(head)}\n${body}`;
}

/**
 * Reads what is stored under a route's key. Whoever can write to the server could have put anything there, and so could
 * an older release: nothing that this application would not have stored itself is taken over.
 *
 * @returns undefined for anything else than `writeResponse` has made.
 */
export function readResponse(stored: unknown): StoredResponse | undefined {
  const text = stored instanceof Uint8Array ? Buffer.from(stored).toString() : stored;
  if (typeof text !== 'string') return undefined;
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  const line = text.slice(0, end);
  let head = heads.get(line);
  if (head === undefined) {
    head = readHead(line);
    if (head === undefined) return undefined;
    // A copy: a part of a text holds on to the whole, body and all.
    heads.set(Buffer.from(line).toString(), head);
  }
  const { status, headers, removed, at, form, flags } = head;
  return { status, headers, removed, at, form, flags, body: text.slice(end + 1) };
}

/** The request headers that an answer itself says it depends on, in lower case. */
export function headersNamed({ headers }: Pick<StoredResponse, 'headers'>): readonly string[] {
  const vary = headers.find(([name]) => name === 'vary');
  return vary === undefined ? NO_NAMES : names(vary[1]);
}

const NO_NAMES: readonly string[] = Object.freeze([]);

type Head = Omit<StoredResponse, 'body'>;

/** Heads that were found to be sound of late: what is asked for often is read once. */
const heads = new BoundedMap<string, Head>(MAX_HEADS);

function readHead(line: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(line);
    return isHead(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

function isHead(head: unknown): head is Head {
  if (typeof head !== 'object' || head === null) return false;
  const { status, headers, removed, at, form, flags } = head as Record<string, unknown>;
  return (
    STORABLE_STATUS.has(status as number) &&
    Number.isSafeInteger(at) &&
    FORMS.has(form) &&
    Number.isSafeInteger(flags) &&
    Array.isArray(headers) &&
    headers.every(isHeader) &&
    !headersNamed({ headers }).includes('*') &&
    Array.isArray(removed) &&
    removed.every(isHeaderName)
  );
}

function isHeader(header: unknown): header is StoredResponse['headers'][number] {
  if (!Array.isArray(header) || header.length !== 2 || !isHeaderName(header[0])) return false;
  const value: unknown = header[1];
  return Array.isArray(value) ? value.every(isHeaderValue) : isHeaderValue(value);
}

function isHeaderName(name: unknown): boolean {
  return typeof name === 'string' && HEADER_NAME.test(name) && !OF_ONE_MESSAGE.has(name);
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && !CONTROL.test(value);
}
