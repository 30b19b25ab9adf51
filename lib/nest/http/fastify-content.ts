import { CodecError } from '../../errors.js';

/** Under what Fastify keeps the serializer that a reply was given, of which its API says nothing. */
const SERIALIZER = 'fastify.reply.serializer';

const JSON_TYPE = 'application/json';

/** The serializers that replies were given by `reply.serializer()`. */
export class ReplySerializers {
  #symbol: symbol | undefined;

  /** @returns null where a reply has none; undefined where that is not known. */
  of(reply: object): Serializer | null | undefined {
    this.#symbol ??= Object.getOwnPropertySymbols(reply).find(
      ({ description }) => description === SERIALIZER,
    );
    return this.#symbol === undefined ? undefined : (reply as Keeping)[this.#symbol];
  }
}

/**
 * What Fastify makes of an object that it is given to send.
 *
 * @param own the reply's own serializer.
 * @returns undefined for what it takes for an error, or cannot send.
 * @throws {CodecError} where the reply's own serializer makes something else than a text or a Buffer.
 * @see Fastify's `lib/reply.js`, `send`
 */
export function fastifyContentOf(
  reply: FastifyReply,
  value: object,
  own: Serializer | null,
): string | Buffer | undefined {
  // One that is returned is taken for one that was thrown.
  if (value instanceof Error) return undefined;
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
  if (buffer instanceof ArrayBuffer) return Buffer.from(buffer, byteOffset, byteLength);
  if (own !== null) {
    const made = own(value);
    if (typeof made === 'string' || Buffer.isBuffer(made)) return made;
    throw new CodecError("the reply's serializer makes neither a text nor a Buffer of it; have it make one");
  }
  const mediaType = mediaTypeOf(reply);
  if (!mediaType.includes('json')) return undefined;
  const json = serialized(reply, value, mediaType);
  return typeof json === 'string' ? json : undefined;
}

/** What makes the content of a value; Fastify takes a text or a Buffer. */
export type Serializer = (value: unknown) => unknown;

/** What is asked of Fastify's reply. */
export interface FastifyReply {
  readonly raw: { readonly statusCode: number };
  getHeader(name: string): string | readonly string[] | number | undefined;
  serialize(value: unknown): unknown;
  getSerializationFunction(status: number | string): Serializer | ByMediaType | undefined;
}

type ByMediaType = Readonly<Record<string, Serializer | undefined>>;

type Keeping = Record<symbol, Serializer | null | undefined>;

/** In lower case, and without parameters. */
function mediaTypeOf(reply: FastifyReply): string {
  const type = reply.getHeader('content-type') ?? JSON_TYPE;
  return String(type).split(';', 1)[0].trim().toLowerCase();
}

function serialized(reply: FastifyReply, value: object, mediaType: string): unknown {
  try {
    return reply.serialize(value);
  } catch (error) {
    // Where there are schemas by media type, and no serializer of the application's, it fails: it asks for no type.
    const schemas = schemasOf(reply);
    if (typeof schemas !== 'object') throw error;
    return (schemas[mediaType] ?? schemas['*/*'] ?? JSON.stringify)(value);
  }
}

/** What a route's schemas have made for the status of its reply. */
function schemasOf(reply: FastifyReply): Serializer | ByMediaType | undefined {
  const status = reply.raw.statusCode;
  for (const name of [status, `${Math.floor(status / 100)}xx`, 'default']) {
    const known = reply.getSerializationFunction(name);
    if (known !== undefined) return known;
  }
  return undefined;
}
