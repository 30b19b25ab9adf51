import { InvalidArgumentError, InvalidOptionsError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import { type CodecBounds, readTypes } from '../options/codec-options.js';
import type { Ttl } from '../options/cache-options.js';
import { toTtlSeconds } from '../options/duration.js';
import { KEEP_EXPTIME, MAX_RELATIVE_SECONDS, toExptime } from '../protocol/exptime.js';
import { Request, type RequestKind } from '../protocol/request.js';
import { arePlainKeys, isPlainKey } from '../protocol/wire-key.js';
import type { ClassicForms } from './classic-forms.js';
import { ClassTypes } from './codec/class-types.js';
import { dataBlockOf, handled, isThenable, type Codec, type Encoded } from './codec/codec.js';
import { createCodec } from './codec/create-codec.js';
import { ReadBudget } from './codec/read-budget.js';
import type { EntryOptions, InvalidateKeyOptions, LeaseOptions, ReadOptions } from './command-options.js';
import { encodeUnusualKey } from './key-encoder.js';
import { checkOptions, type Command } from './known-options.js';
import type { LeaseRepairs } from './lease-repairs.js';
import { NO_LEASE, NOTHING_THERE, raiseNamed, Readers } from './readers.js';
import type { CasToken } from './results.js';
import { unixMs } from '../unix-time.js';

/** Digits of another client, or digits with a life of ours, and a witness where that life ends unseen. */
const CAS_TOKEN = /^(\d{1,20})(?:(@[\w-]{12})|(@[\w-]{12}~)([\w-]{12})?)?$/;

/** Makes requests of keys, values and options: the one place that knows the prefix and the codec. */
export class RequestMaker {
  /** How this client's values become bytes; wrapped by stores that keep more than the value. */
  readonly codec: Codec;
  /** The classes whose instances the codec carries; undefined for a codec that knows none. */
  readonly #classes: ClassTypes | undefined;
  readonly #bounds: CodecBounds;
  readonly #keyPrefix: string;
  readonly #unsafeKeys: 'encode' | 'refuse';
  readonly #repairs: LeaseRepairs;
  readonly #readers: Readers;
  /** Readers for codecs that calls bring, made once for each; the last, since that is mostly a cache's, is at hand. */
  readonly #readersOf = new WeakMap<Codec, Readers>();
  #lastReaders: Readers;
  /** The ttl that was read last, and its seconds: most values of an application live equally long. */
  #lastTtl: Ttl | undefined;
  #lastSeconds = 0;
  readonly #classicForms: ClassicForms;

  constructor(options: ResolvedClientOptions, repairs: LeaseRepairs, classicForms: ClassicForms) {
    this.#repairs = repairs;
    this.#classicForms = classicForms;
    this.#keyPrefix = options.keyPrefix;
    this.#unsafeKeys = options.unsafeKeys;
    this.#bounds = options.codec;
    const { type, types, classTransformer } = options.codec;
    this.#classes = type === 'default' ? new ClassTypes(types, classTransformer) : undefined;
    this.codec = createCodec(options.codec, this.#classes);
    this.#readers = this.#lastReaders = new Readers(this.codec, repairs);
  }

  /** @throws {InvalidOptionsError} for a codec that knows no classes, and a name that another class has. */
  storeClasses(types: object): void {
    const read = readTypes(types, 'codec.types');
    if (this.#classes === undefined) {
      throw new InvalidOptionsError('codec.types', "is a setting of the codec 'default' alone");
    }
    this.#classes.add(read);
  }

  /**
   * A request for a key.
   *
   * @param command whose options they are.
   * @throws {InvalidArgumentError} for a wrong key or options.
   */
  make(
    kind: RequestKind,
    key: string,
    options: ReadOptions | undefined,
    command: Command = kind as Command,
  ): Request {
    if (kind === 'lease-get') {
      checkOptions(kind, options as LeaseOptions);
      return this.lease(key, options as LeaseOptions);
    }
    if (options === undefined) return this.#plain(kind, key, this.#readers);
    checkOptions(command, options);
    return this.#plain(kind, key, this.readersFor(options));
  }

  /** The same of a read with a lease, whose options are known to be right. */
  lease(key: string, options: LeaseOptions): Request {
    const request = this.#plain('lease-get', key, this.readersFor(options));
    const { leaseSeconds, recacheSeconds = 0, withoutValue } = options;
    request.leaseExptime = spanOf(leaseSeconds, 'leaseSeconds');
    if (recacheSeconds !== 0) request.ownDetails().recacheExptime = spanOf(recacheSeconds, 'recacheSeconds');
    if (withoutValue === true) request.ownDetails().withoutValue = true;
    request.inClassic = this.#classicForms;
    return request;
  }

  #plain(kind: RequestKind, key: string, readers: Readers): Request {
    const full = this.fullKey(key);
    // The two that nearly all calls are are at hand.
    const read = kind === 'get' ? readers.value : kind === 'lease-get' ? readers.lease : readers.of(kind);
    const request = new Request(kind, this.wireKey(full), read);
    request.keyIsChecked = true;
    request.userKey = key;
    request.routingKey = full;
    if (kind !== 'get') request.missResult = missOf(kind);
    return request;
  }

  /** What the values of one many-key read may come to. */
  budget(): ReadBudget {
    return new ReadBudget(this.#bounds);
  }

  /** Makes a value the data block of a request that stores; while the codec takes its time, `encoding` is its promise. */
  encode(request: Request, value: unknown, options: EntryOptions | undefined): void {
    if (options?.ttl !== undefined) request.exptime = this.exptime(options.ttl);
    if (options?.ttlInClassic !== undefined) request.exptimeInClassic = this.exptime(options.ttlInClassic);
    encodeInto(request, value, options?.codec ?? this.codec);
  }

  /** Says in a request what becomes of the value that it invalidates. */
  fillInvalidation(request: Request, options: InvalidateKeyOptions | undefined): void {
    const stale = options?.stale;
    if (stale === 'rest') request.exptime = KEEP_EXPTIME;
    else if (stale !== undefined) request.exptime = this.exptime(stale);
    if (options?.cas === undefined) request.owed = true;
    else tie(request, options.cas);
    request.inClassic = this.#classicForms;
  }

  /** The readers for a call, which may bring a codec of its own. */
  readersFor(options: ReadOptions | undefined): Readers {
    const codec = options?.codec;
    if (codec === undefined) return this.#readers;
    if (codec === this.#lastReaders.codec) return this.#lastReaders;
    let readers = this.#readersOf.get(checkedCodec(codec));
    if (readers === undefined) this.#readersOf.set(codec, (readers = new Readers(codec, this.#repairs)));
    return (this.#lastReaders = readers);
  }

  /** A key with its prefix; throws if it is none. */
  fullKey(key: string): string {
    if (typeof key !== 'string') {
      throw new InvalidArgumentError(`key: expected a string, got ${key === null ? 'null' : typeof key}`);
    }
    if (key === '') throw new InvalidArgumentError('key is empty');
    return this.#keyPrefix === '' ? key : this.#keyPrefix + key;
  }

  /** Keys with their prefix, in the same order; throws if one is none. */
  fullKeys(keys: readonly string[]): readonly string[] {
    if (this.#keyPrefix !== '') return keys.map((key) => this.fullKey(key));
    for (const key of keys) this.fullKey(key);
    return keys;
  }

  /** How keys that have their prefix stand on the wire; throws what is wrong with one. */
  wireKeys(fullKeys: readonly string[]): readonly string[] {
    if (arePlainKeys(fullKeys)) return fullKeys;
    return fullKeys.map((key) => this.wireKey(key));
  }

  /** The same of one. */
  wireKey(fullKey: string): string {
    return isPlainKey(fullKey) ? fullKey : encodeUnusualKey(fullKey, this.#unsafeKeys);
  }

  /** Throws what is wrong with a key, if anything. */
  checkKey(key: string): void {
    this.wireKey(this.fullKey(key));
  }

  /** A ttl as memcached counts it. */
  exptime(ttl: Ttl): number {
    if (ttl === 'never') return 0;
    if (ttl !== this.#lastTtl) {
      this.#lastSeconds = toTtlSeconds(ttl);
      this.#lastTtl = ttl;
    }
    return fromNow(this.#lastSeconds);
  }
}

/** Ties a request to the state of its item that a token names, and to the life it was counted in. */
export function tie(request: Request, token: CasToken): void {
  const [, digits, life, hidden, witness = ''] = (typeof token === 'string' && CAS_TOKEN.exec(token)) || [];
  if (digits === undefined) {
    throw new InvalidArgumentError('cas: expected the token of an earlier read (gets), passed on as it was');
  }
  request.ownDetails().cas = digits;
  request.ownDetails().life = life ?? hidden ?? '';
  request.ownDetails().witness = witness;
}

/** Whole seconds from now as memcached counts them. @throws {InvalidArgumentError} for anything else, and past January 2038. */
function spanOf(value: number, name: string): number {
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError(`${name}: expected whole seconds from 0`);
  }
  return fromNow(value);
}

/** @throws {InvalidArgumentError} past January 2038. */
function fromNow(seconds: number): number {
  return seconds <= MAX_RELATIVE_SECONDS ? seconds : toExptime(seconds, unixMs() / 1000);
}

/** Makes text or bytes the data block as they are. */
export function fillWithBytes(request: Request, value: string | Uint8Array): void {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    const got = value === null ? 'null' : typeof value;
    throw new InvalidArgumentError(`${request.kind}: expected text or bytes, got ${got}`);
  }
  request.data = Buffer.from(value as string);
}

/** What a miss resolves with, and what failover `miss` answers in a server's place. */
function missOf(kind: RequestKind): unknown {
  switch (kind) {
    case 'set':
      return false;
    case 'get':
    case 'gets':
    case 'get-and-touch':
    case 'metadebug':
    case 'incr':
    case 'decr':
    case 'count':
      return undefined;
    case 'lease-get':
      return NO_LEASE;
    case 'lookup':
      return NOTHING_THERE;
    case 'cas':
      return 'not-found';
    default:
      return false;
  }
}

function checkedCodec(codec: unknown): Codec {
  const { encode, decode } = (codec ?? {}) as Partial<Codec>;
  if (typeof encode === 'function' && typeof decode === 'function') return codec as Codec;
  throw new InvalidArgumentError('codec: expected an object with the functions encode and decode');
}

/** Makes a value the data block of a request, at once or, where the codec answers with a promise, then. */
function encodeInto(request: Request, value: unknown, codec: Codec): void {
  try {
    const encoded = codec.encode(value, request.routingKey);
    if (isThenable(encoded)) request.ownDetails().encoding = handled(encodedLater(request, encoded));
    else take(request, encoded);
  } catch (error) {
    raiseNamed(error, request.label);
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
