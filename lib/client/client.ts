import { InvalidArgumentError } from '../errors.js';
import type { ClientOptions } from '../options/client-options.js';
import type { Duration } from '../options/duration.js';
import type { CommandOptions } from './cluster-client.js';
import { counterCodec, counterDigits, safeNumber } from './counters.js';
import { LONG_PAST } from '../protocol/exptime.js';
import { KeyClient, type ReadOptions, type StoreOptions } from './key-client.js';
import { noteFailure, readMany } from './many-keys.js';
import { classicLease, STUB_CODEC } from './classic-dialect.js';
import { ManyResult } from './many-result.js';
import type { Request } from '../protocol/request.js';
import { NO_LEASE, NOTHING_THERE, readCasResult, readCounter, readDone, readMetadebug } from './readers.js';
import type { CasResult, CasToken, LeaseRead, Lookup, ValueWithCas } from './results.js';

/** Digits of another client, or digits with a life of ours. */
const CAS_TOKEN = /^(\d{1,20})(@[\w-]{12})?$/;

/** What `incr` and `decr` take. */
export interface CounterOptions extends CommandOptions {
  /** Creates a missing counter with this value instead of missing. */
  initial?: number | bigint;
  /** How long a counter created by `initial` lives; never expires without it. */
  ttl?: Duration;
}

/**
 * A memcached client over one or many weighted servers; needs no framework.
 *
 * Misses and conflicts are results. A promise rejects with a `MemcachedError` when an argument is wrong, a server is
 * away, or its answer cannot be trusted; every method may throw `InvalidArgumentError` before anything is sent,
 * `TimeoutError`, `ConnectionError` and `ClientClosedError`.
 *
 * @example
 * const client = new MemcachedClient({ servers: ['127.0.0.1:11211', { host: '127.0.0.1', port: 11212, weight: 2 }] });
 * await client.set('greeting', 'hello', { ttl: '5m' });
 */
export class MemcachedClient extends KeyClient {
  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(options: ClientOptions = {}) {
    super(options);
  }

  /** Reads a value; `undefined` on a miss. */
  get<Value = unknown>(key: string, options?: ReadOptions): Promise<Value | undefined> {
    return this.run('get', key, this.readersFor(options).value, undefined, options) as Promise<
      Value | undefined
    >;
  }

  /** Reads a value with the cas token that `cas` wants; `undefined` on a miss. */
  gets<Value = unknown>(key: string, options?: ReadOptions): Promise<ValueWithCas<Value> | undefined> {
    return this.run('gets', key, this.readersFor(options).valueWithCas, undefined, options) as Promise<
      ValueWithCas<Value> | undefined
    >;
  }

  /**
   * Reads many values with one request per server.
   *
   * @returns the hits; `failures` names the servers that could not be asked and the keys whose bytes cannot be read.
   */
  getMany<Value = unknown>(keys: Iterable<string>, options?: ReadOptions): Promise<ManyResult<Value>> {
    return this.#readMany('get-many', keys, options) as Promise<ManyResult<Value>>;
  }

  /** Like `getMany`, with cas tokens. */
  getsMany<Value = unknown>(
    keys: Iterable<string>,
    options?: ReadOptions,
  ): Promise<ManyResult<ValueWithCas<Value>>> {
    return this.#readMany('gets-many', keys, options) as Promise<ManyResult<ValueWithCas<Value>>>;
  }

  /** Stores a value. @returns false only where failover `miss` dropped it. */
  set(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.store('set', key, value, options, readDone) as Promise<boolean>;
  }

  /** Stores a value unless the key has one. @returns whether it was stored. */
  add(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.store('add', key, value, options, readDone) as Promise<boolean>;
  }

  /** Stores a value if the key has one. @returns whether it was stored. */
  replace(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.store('replace', key, value, options, readDone) as Promise<boolean>;
  }

  /** Adds text or bytes behind the stored ones, leaving ttl and flags as they are. @returns false on a miss. */
  append(key: string, value: string | Uint8Array, options?: CommandOptions): Promise<boolean> {
    return this.#extend('append', key, value, options);
  }

  /** Adds text or bytes before the stored ones, leaving ttl and flags as they are. @returns false on a miss. */
  prepend(key: string, value: string | Uint8Array, options?: CommandOptions): Promise<boolean> {
    return this.#extend('prepend', key, value, options);
  }

  /**
   * Stores a value if the item has not changed since it was read.
   *
   * @param cas the token of that read (`gets`).
   */
  cas(key: string, value: unknown, cas: CasToken, options?: StoreOptions): Promise<CasResult> {
    return this.store('cas', key, value, options, readCasResult, (request) => {
      tie(request, cas);
    }) as Promise<CasResult>;
  }

  /**
   * Stores many values, all at once.
   *
   * @returns for every key whether it was stored; `failures` names the servers that failed with their keys.
   */
  setMany(
    entries: Iterable<readonly [string, unknown]>,
    options?: StoreOptions,
  ): Promise<ManyResult<boolean>>;
  setMany(entries: Readonly<Record<string, unknown>>, options?: StoreOptions): Promise<ManyResult<boolean>>;
  setMany(
    entries: Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>,
    options?: StoreOptions,
  ): Promise<ManyResult<boolean>> {
    const pairs = Symbol.iterator in entries ? new Map(entries) : new Map(Object.entries(entries));
    return this.#each([...pairs.keys()], (key) => this.set(key, pairs.get(key), options));
  }

  /**
   * Deletes an item.
   *
   * @param options `cas`: only if the item has not changed since that token was read.
   * @returns whether an item was deleted.
   */
  delete(key: string, options?: CommandOptions & { cas?: CasToken }): Promise<boolean> {
    const cas = options?.cas;
    if (cas === undefined) return this.run('delete', key, readDone, false, options) as Promise<boolean>;
    return this.run('delete', key, readDone, false, options, (request) => {
      tie(request, cas);
      request.inClassic = () => this.#expire(key, cas, options);
    }) as Promise<boolean>;
  }

  /** Deletes many items, all at once. @returns for every key whether an item was deleted. */
  deleteMany(keys: Iterable<string>, options?: CommandOptions): Promise<ManyResult<boolean>> {
    return this.#each([...new Set(keys)], (key) => this.delete(key, options));
  }

  /**
   * Adds to a counter, an item of decimal digits from 0 to 2^64 - 1, where it wraps around.
   *
   * @param by whole, from 0; with a bigint the answer is a bigint.
   * @returns the new value, or `undefined` when there is no counter and no `initial`.
   * @throws {ServerError} when the item is not a number.
   */
  incr(key: string, by?: number, options?: CounterOptions): Promise<number | undefined>;
  incr(key: string, by: bigint, options?: CounterOptions): Promise<bigint | undefined>;
  incr(key: string, by: number | bigint = 1, options?: CounterOptions): Promise<number | bigint | undefined> {
    return this.#count('incr', key, by, options);
  }

  /** Subtracts from a counter, which stops at 0; otherwise like `incr`. */
  decr(key: string, by?: number, options?: CounterOptions): Promise<number | undefined>;
  decr(key: string, by: bigint, options?: CounterOptions): Promise<bigint | undefined>;
  decr(key: string, by: number | bigint = 1, options?: CounterOptions): Promise<number | bigint | undefined> {
    return this.#count('decr', key, by, options);
  }

  /** Gives an item a new ttl. @returns false on a miss. */
  touch(key: string, ttl: Duration, options?: CommandOptions): Promise<boolean> {
    return this.run('touch', key, readDone, false, options, (request) => {
      request.exptime = this.exptime(ttl);
    }) as Promise<boolean>;
  }

  /**
   * Reads a value and gives its item a new ttl; `undefined` on a miss. In the classic dialect two requests do it, since
   * proxies know no `gat`.
   */
  getAndTouch<Value = unknown>(
    key: string,
    ttl: Duration,
    options?: ReadOptions,
  ): Promise<Value | undefined> {
    const read = this.readersFor(options).value;
    return this.run('get-and-touch', key, read, undefined, options, (request) => {
      request.exptime = this.exptime(ttl);
      request.inClassic = async () =>
        (await this.touch(key, ttl, options)) ? this.get<Value>(key, options) : undefined;
    }) as Promise<Value | undefined>;
  }

  /**
   * Reads a value and everything memcached knows of its item, without counting as an access.
   *
   * @throws {UnsupportedError} in the classic dialect.
   */
  lookup<Value = unknown>(key: string, options?: ReadOptions): Promise<Lookup<Value>> {
    return this.run('lookup', key, this.readersFor(options).lookup, NOTHING_THERE, options) as Promise<
      Lookup<Value>
    >;
  }

  /**
   * Memcached's own notes on an item (`me`), as it writes them: `exp`, `la`, `cas`, `fetch`, `cls`, `size`; `undefined`
   * on a miss.
   *
   * @throws {UnsupportedError} in the classic dialect.
   * @see memcached doc/protocol.txt, "Meta Debug"
   */
  metadebug(key: string, options?: CommandOptions): Promise<Readonly<Record<string, string>> | undefined> {
    return this.run('metadebug', key, readMetadebug, undefined, options) as Promise<
      Readonly<Record<string, string>> | undefined
    >;
  }

  /**
   * Reads a value and asks for the right to compute it; the building block of caches without stampedes.
   *
   * In the classic dialect, the right on a miss is won by adding the same empty stub that `N` makes; the time left and
   * stale marks are not known there, so a hit never wins.
   *
   * @param options `leaseSeconds`: on a miss, the first reader wins the right for so long; `recacheSeconds`: also on a hit
   *   with less than that left.
   * @see memcached doc/protocol.txt, "Meta Get", flags N and R
   */
  leaseGet<Value = unknown>(
    key: string,
    options: ReadOptions & { leaseSeconds: number; recacheSeconds?: number },
  ): Promise<LeaseRead<Value>> {
    const { leaseSeconds, recacheSeconds = 0 } = options;
    return this.run('lease-get', key, this.readersFor(options).lease, NO_LEASE, options, (request) => {
      request.leaseSeconds = leaseSeconds;
      request.recacheSeconds = recacheSeconds;
      request.inClassic = () => this.#classicLease(key, options);
    }) as Promise<LeaseRead<Value>>;
  }

  /**
   * Makes every write fail that relies on an earlier read of the key, and its value go away.
   *
   * When the server is away this resolves all the same: the invalidation is remembered and carried out before the server
   * is read from again (option `maxOwedDeletes`). One that names a `cas` is not, since it loses its meaning with time.
   *
   * @param options `stale`: keep the value for so long, marked stale, instead of deleting it (in the classic dialect it is
   *   deleted); `cas`: only if the item has not changed since that token was read.
   * @returns false when there was nothing, when the item is not what `cas` names, or when the server is owed it.
   */
  invalidateKey(
    key: string,
    options: CommandOptions & { stale?: Duration; cas?: CasToken } = {},
  ): Promise<boolean> {
    const { stale, cas } = options;
    if (stale === undefined && cas !== undefined) return this.delete(key, { ...options, cas });
    const kind = stale === undefined ? 'delete' : 'mark-stale';
    return this.run(kind, key, readDone, false, options, (request) => {
      if (stale !== undefined) request.exptime = this.exptime(stale);
      if (cas === undefined) request.owed = true;
      else tie(request, cas);
      request.inClassic = () => this.invalidateKey(key, { ...options, stale: undefined });
    }) as Promise<boolean>;
  }

  #classicLease(key: string, options: ReadOptions & { leaseSeconds: number }): Promise<unknown> {
    const { leaseSeconds } = options;
    const gets = (): Promise<unknown> =>
      this.run('gets', key, this.readersFor(options).classicLease, undefined, options);
    const addStub = (): Promise<boolean> =>
      this.add(key, undefined, { ...options, ttl: `${leaseSeconds}s`, codec: STUB_CODEC });
    return classicLease(gets, addStub, leaseSeconds);
  }

  /** Deletes by cas token where only storing can be tied to one: stores nothing, expired already. */
  async #expire(key: string, cas: CasToken, options: CommandOptions | undefined): Promise<boolean> {
    const result = await this.store(
      'cas',
      key,
      undefined,
      { ...options, codec: STUB_CODEC },
      readCasResult,
      (request) => {
        tie(request, cas);
        request.exptime = LONG_PAST;
      },
    );
    return result === 'stored';
  }

  #extend(
    kind: 'append' | 'prepend',
    key: string,
    value: string | Uint8Array,
    options: CommandOptions | undefined,
  ): Promise<boolean> {
    return this.run(kind, key, readDone, false, options, (request) => {
      if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
        throw new InvalidArgumentError(
          `${kind}: expected text or bytes, got ${value === null ? 'null' : typeof value}`,
        );
      }
      request.data = Buffer.from(value as string);
    }) as Promise<boolean>;
  }

  async #count(
    kind: 'incr' | 'decr',
    key: string,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): Promise<number | bigint | undefined> {
    const delta = counterDigits(by, `${kind}: by`);
    const first = options?.initial === undefined ? '' : counterDigits(options.initial, `${kind}: initial`);
    const count = (): Promise<unknown> =>
      this.run(kind, key, readCounter, undefined, options, (request) => {
        request.delta = delta;
      });
    let digits = await count();
    const initial = options?.initial;
    if (digits === undefined && initial !== undefined) {
      const created = await this.add(key, initial, { ...options, codec: counterCodec(this.codec, first) });
      digits = created ? first : await count();
    }
    if (digits === undefined) return undefined;
    return typeof by === 'bigint' ? BigInt(digits as string) : safeNumber(digits as string, kind);
  }

  #readMany(
    kind: 'get-many' | 'gets-many',
    keys: Iterable<string>,
    options: ReadOptions | undefined,
  ): Promise<ManyResult<unknown>> {
    const readers = this.readersFor(options);
    const read = kind === 'gets-many' ? readers.valueWithCas : readers.value;
    const single = kind === 'gets-many' ? 'gets' : 'get';
    return readMany(keys, kind, {
      cluster: this.cluster,
      codec: options?.codec ?? this.codec,
      fullKey: (key) => this.fullKey(key),
      request: (key) => this.request(single, key, read),
      sendTo: (node, request) => this.sendTo(node, request, options),
    });
  }

  /** Runs one command per key, all at once; every key is checked before anything is sent. */
  async #each(keys: readonly string[], run: (key: string) => Promise<boolean>): Promise<ManyResult<boolean>> {
    const result = new ManyResult<boolean>();
    for (const key of keys) this.checkKey(key);
    await Promise.all(
      keys.map(async (key) => {
        try {
          result.set(key, await run(key));
        } catch (error) {
          noteFailure(result, this.serverFor(key), [key], error);
        }
      }),
    );
    return result;
  }
}

/** Ties a request to the state of its item that a token names, and to the life it was counted in. */
function tie(request: Request, token: CasToken): void {
  const [, digits, life = ''] = (typeof token === 'string' && CAS_TOKEN.exec(token)) || [];
  if (digits === undefined) {
    throw new InvalidArgumentError('cas: expected the token of an earlier read (gets), passed on as it was');
  }
  request.cas = digits;
  request.life = life;
}
