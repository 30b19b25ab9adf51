import { InvalidArgumentError, type MemcachedError } from '../errors.js';
import type { ClientOptions } from '../options/client-options.js';
import type { Duration } from '../options/duration.js';
import { Request, type ReplyReader, type RequestKind } from '../protocol/request.js';
import { isPlainKey } from '../protocol/wire-key.js';
import { ClusterClient, type CommandOptions } from './cluster-client.js';
import { dataBlockOf, isThenable, type Codec, type Encoded } from './codec/codec.js';
import { createCodec } from './codec/create-codec.js';
import { encodeUnusualKey } from './key-encoder.js';
import { raiseNamed, Readers } from './readers.js';

/** What commands that store take. */
export interface StoreOptions extends CommandOptions {
  /** How long the item lives, at least one second, counted in whole seconds, fractions up; never expires without it. */
  ttl?: Duration;
  /** Reads and writes this value in a way of its own. @default the client's codec */
  codec?: Codec;
}

/** What commands that read values take. */
export interface ReadOptions extends CommandOptions {
  /** Reads this value in a way of its own. @default the client's codec */
  codec?: Codec;
}

/** The client's part that turns keys and values into requests; the commands stand on it. */
export abstract class KeyClient extends ClusterClient {
  /** How this client's values become bytes; wrapped by stores that keep more than the value. */
  readonly codec: Codec;
  readonly #readers: Readers;
  /** Readers for codecs that calls bring, made once for each; the last, since that is mostly a cache's, is at hand. */
  readonly #readersOf = new WeakMap<Codec, Readers>();
  #lastReaders: Readers;

  protected constructor(options: ClientOptions) {
    super(options);
    this.codec = createCodec(this.options.codec);
    this.#readers = this.#lastReaders = new Readers(this.codec);
  }

  /** The readers for a call, which may bring a codec of its own. */
  protected readersFor(options: ReadOptions | undefined): Readers {
    const codec = options?.codec;
    if (codec === undefined) return this.#readers;
    if (codec === this.#lastReaders.codec) return this.#lastReaders;
    let readers = this.#readersOf.get(codec);
    if (readers === undefined) this.#readersOf.set(codec, (readers = new Readers(codec)));
    return (this.#lastReaders = readers);
  }

  /** A key with its prefix; throws if it is none. */
  protected fullKey(key: string): string {
    if (typeof key !== 'string') {
      throw new InvalidArgumentError(`key: expected a string, got ${key === null ? 'null' : typeof key}`);
    }
    if (key === '') throw new InvalidArgumentError('key is empty');
    const { keyPrefix } = this.options;
    return keyPrefix === '' ? key : keyPrefix + key;
  }

  /** Throws what is wrong with a key, if anything. */
  protected checkKey(key: string): void {
    const full = this.fullKey(key);
    if (!isPlainKey(full)) encodeUnusualKey(full, this.options.unsafeKeys);
  }

  /** A request for a key; throws what is wrong with the key. */
  protected request(kind: RequestKind, key: string, read: ReplyReader): Request {
    const full = this.fullKey(key);
    let request: Request;
    if (isPlainKey(full)) {
      request = new Request(kind, full, read);
    } else {
      const wire = encodeUnusualKey(full, this.options.unsafeKeys);
      request = new Request(kind, wire.text, read);
      request.binaryKey = wire.binary;
    }
    request.userKey = key;
    request.routingKey = full;
    return request;
  }

  /** Sends a command without a data block; no promise is made but the caller's. */
  protected run(
    kind: RequestKind,
    key: string,
    read: ReplyReader,
    missResult: unknown,
    options: CommandOptions | undefined,
    fill?: (request: Request) => void,
  ): Promise<unknown> {
    try {
      const request = this.request(kind, key, read);
      request.missResult = missResult;
      fill?.(request);
      return this.send(request, options);
    } catch (error) {
      const refusal = error as MemcachedError;
      return Promise.reject(refusal);
    }
  }

  /** Sends a command with a value; like `run`, unless the codec takes its time. */
  protected store(
    kind: RequestKind,
    key: string,
    value: unknown,
    options: StoreOptions | undefined,
    read: ReplyReader,
    fill?: (request: Request) => void,
  ): Promise<unknown> {
    try {
      const request = this.request(kind, key, read);
      request.missResult = kind === 'cas' ? 'not-found' : false;
      request.exptime = this.exptime(options?.ttl);
      fill?.(request);
      const encoding = encodeInto(request, value, options?.codec ?? this.codec);
      if (encoding === undefined) return this.send(request, options);
      return encoding.then(() => this.send(request, options));
    } catch (error) {
      const refusal = error as MemcachedError;
      return Promise.reject(refusal);
    }
  }
}

/** Makes a value the data block of a request, at once or, where the codec answers with a promise, then. */
function encodeInto(request: Request, value: unknown, codec: Codec): Promise<void> | undefined {
  try {
    const encoded = codec.encode(value, request.routingKey);
    if (isThenable(encoded)) return encodedLater(request, encoded);
    take(request, encoded);
    return undefined;
  } catch (error) {
    return raiseNamed(error, request.label);
  }
}

async function encodedLater(request: Request, encoding: PromiseLike<Encoded>): Promise<void> {
  try {
    take(request, await encoding);
  } catch (error) {
    raiseNamed(error, request.label);
  }
}

function take(request: Request, encoded: Encoded): void {
  request.data = dataBlockOf(encoded);
  request.flags = encoded.flags;
}
