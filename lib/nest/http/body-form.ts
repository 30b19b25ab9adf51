import { CodecError } from '../../errors.js';
import { holdsStream } from '../methods/streams.js';
import type { HttpExchange } from './http-exchange.js';
import type { BodyForm, StoredResponse } from './stored-response.js';

/** What makes bytes of values, and values of bytes, for those who stand further out than the cache. */
export interface BodyCodec {
  encode(value: unknown, key: string): EncodedBody | Promise<EncodedBody>;
  decode(data: Buffer, flags: number, key: string): unknown;
}

/** Who has such a codec, if there is one. */
interface CodecOwner {
  readonly codec: BodyCodec | undefined;
}

interface EncodedBody {
  readonly data: string | Buffer;
  readonly flags: number;
}

/** A body as it is stored. */
export type StoredBody = Pick<StoredResponse, 'form' | 'flags' | 'body'>;

/**
 * Makes of what a method has returned what is stored.
 *
 * @param exchange of the request, if nobody but the platform sees the value: then it is stored as the client gets it.
 * @throws {CodecError} for a value that neither comes back as it was nor is sent as it is.
 */
export function storeBody(
  value: unknown,
  exchange: HttpExchange | undefined,
  { codec }: CodecOwner,
  key: string,
): StoredBody | Promise<StoredBody> {
  if (value === undefined) return form('nothing', '');
  if (typeof value === 'string') return form('text', value);
  if (isScalar(value)) return form('scalar', JSON.stringify(value));
  if (holdsStream(value))
    throw new CodecError('a stream can be read once; return a Buffer or a text to have it stored');
  if (exchange !== undefined && typeof value === 'object' && value !== null) {
    const content = exchange.contentOf(value);
    if (typeof content === 'string') return form('json', content);
    if (content !== undefined) return form('bytes', content.toString('base64'));
  }
  if (codec === undefined) throw new CodecError('there is no codec that could store it');
  const encoded = codec.encode(value, key);
  return encoded instanceof Promise ? encoded.then(packed) : packed(encoded);
}

/**
 * Makes of a stored body what the method had returned, or what is sent in its place; an object of one's own for each call.
 *
 * @param exchange as for `storeBody`.
 * @throws {CodecError} for what neither this release nor this application has stored.
 */
export function bodyOf(
  { form: kind, flags, body }: StoredBody,
  exchange: HttpExchange | undefined,
  owner: CodecOwner,
  key: string,
): unknown {
  switch (kind) {
    case 'nothing':
      return undefined;
    case 'text':
      return body;
    case 'scalar':
      return scalarOf(body);
    case 'json':
    case 'bytes':
      if (exchange === undefined) throw new CodecError('it was stored as it goes to the client');
      return kind === 'json' ? body : Buffer.from(body, 'base64');
    case 'value':
    case 'packed': {
      const { codec } = owner;
      if (codec === undefined) throw new CodecError('there is no codec that could read it');
      return codec.decode(Buffer.from(body, kind === 'value' ? 'utf8' : 'base64'), flags, key);
    }
  }
}

function form(kind: BodyForm, body: string, flags = 0): StoredBody {
  return { form: kind, flags, body };
}

function packed({ data, flags }: EncodedBody): StoredBody {
  return typeof data === 'string'
    ? form('value', data, flags)
    : form('packed', data.toString('base64'), flags);
}

/** Whether JSON keeps a value that is no object. */
function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'boolean' || value === null;
}

function scalarOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    if (isScalar(value)) return value;
  } catch {
    // As below.
  }
  throw new CodecError('it is neither a number nor a truth value');
}
