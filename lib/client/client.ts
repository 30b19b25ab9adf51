import { EventEmitter } from 'node:events';
import { InvalidArgumentError, type MemcachedError } from '../errors.js';
import { ResolvedClientOptions, type MemcachedClientOptions } from '../options/client-options.js';
import type { Ttl } from '../options/cache-options.js';
import type { CodecOptions } from '../options/codec-options.js';
import type { Duration } from '../options/duration.js';
import type { ServersOption } from '../options/server-options.js';
import type { Request, RequestKind } from '../protocol/request.js';
import { ClassicForms } from './classic-forms.js';
import type { Codec } from './codec/codec.js';
import type {
  CommandOptions,
  CounterOptions,
  CountOptions,
  DeleteOptions,
  InvalidateKeyOptions,
  KeysOptions,
  LeaseOptions,
  ReadOptions,
  StoreOptions,
} from './command-options.js';
import { count, countWithTtl } from './counters.js';
import type { Dispatcher } from './dispatcher.js';
import type { ClientEvents } from './events.js';
import { ItemLooks } from './item-looks.js';
import { downIn, type Command } from './known-options.js';
import { LeaseRepairs } from './lease-repairs.js';
import { Leases } from './leases.js';
import { readMany } from './many-reads.js';
import type { ManyResult } from './many-result.js';
import { deleteMany, setMany } from './many-writes.js';
import { fillWithBytes, RequestMaker, tie } from './request-maker.js';
import type { CasResult, CasToken, Counted, LeaseRead, Lookup, ValueWithCas } from './results.js';
import { ServerCommands, type NodeStatus } from './server-commands.js';
import { ServerEpochs } from './server-epochs.js';
import { ServerList } from './server-list.js';
import type { StatsByGroup, StatsGroup } from './stats.js';

/**
 * A memcached client over one or many weighted servers; needs no framework.
 *
 * Misses and conflicts are results. A promise rejects with a `MemcachedError` when an argument is wrong (an
 * `InvalidArgumentError`; nothing was sent), a server is away, or its answer cannot be trusted; every command may reject
 * with `CommandTimeoutError`, `ConnectionError` and `ClientClosedError`. Commands wait for the first list of servers.
 *
 * @example
 * const client = new MemcachedClient({ servers: ['127.0.0.1:11211', { host: '127.0.0.1', port: 11212, weight: 2 }] });
 * await client.set('greeting', 'hello', { ttl: '5m' });
 */
export class MemcachedClient extends EventEmitter<ClientEvents> implements AsyncDisposable {
  /** The items that tell near caches of changes; for stores that one stands in front of. */
  readonly epochs: ServerEpochs;
  /** `leaseGet` for stores that want the value alone where that says all. */
  readonly leases: Leases;
  /** Looks at items on one server, whichever has their keys. */
  readonly looks: ItemLooks;
  /** What messages, spans and metrics call it: the option `instance`. */
  readonly instance: string;
  protected readonly options: ResolvedClientOptions;
  readonly #list: ServerList;
  readonly #dispatcher: Dispatcher;
  readonly #requests: RequestMaker;
  readonly #servers: ServerCommands;
  readonly #classicForms: ClassicForms;
  #closing: Promise<void> | undefined;

  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  constructor(options: MemcachedClientOptions | ResolvedClientOptions = {}) {
    super();
    this.options = options instanceof ResolvedClientOptions ? options : new ResolvedClientOptions(options);
    this.instance = this.options.instance;
    this.#list = new ServerList(this.options, this);
    this.#dispatcher = this.#list.dispatcher;
    this.#classicForms = new ClassicForms(this.#dispatcher);
    this.#requests = new RequestMaker(this.options, new LeaseRepairs(this.#dispatcher), this.#classicForms);
    this.#servers = new ServerCommands(this.#list.cluster, this.#dispatcher);
    const { cluster, epochNames } = this.#list;
    this.epochs = new ServerEpochs(cluster, this.#dispatcher, this.#requests, epochNames);
    this.leases = new Leases(this.#dispatcher, this.#requests);
    this.looks = new ItemLooks(cluster, this.#dispatcher, this.#requests, this.options);
  }

  /** How this client's values become bytes; wrapped by stores that keep more than the value. */
  get codec(): Codec {
    return this.#requests.codec;
  }

  /** Adds to `codec.types`. @throws {InvalidOptionsError} where the codec is not `default`, or a name is another class's. */
  storeClasses(types: NonNullable<CodecOptions['types']>): void {
    this.#requests.storeClasses(types);
  }

  /** Reads a value; `undefined` on a miss. */
  get<Value = unknown>(key: string, options?: ReadOptions): Promise<Value | undefined> {
    return this.#run('get', key, options) as Promise<Value | undefined>;
  }

  /** Reads a value with the cas token that `cas` wants; `undefined` on a miss. */
  gets<Value = unknown>(key: string, options?: ReadOptions): Promise<ValueWithCas<Value> | undefined> {
    return this.#run('gets', key, options) as Promise<ValueWithCas<Value> | undefined>;
  }

  /**
   * Reads many values with one request per server.
   *
   * @returns the hits; `failures` names the servers that could not be asked and the keys whose bytes cannot be read.
   */
  getMany<Value = unknown>(keys: Iterable<string>, options?: ReadOptions): Promise<ManyResult<Value>> {
    return readMany(keys, 'get-many', options, this.#requests, this.#dispatcher);
  }

  /** Like `getMany`, with cas tokens. */
  getsMany<Value = unknown>(
    keys: Iterable<string>,
    options?: ReadOptions,
  ): Promise<ManyResult<ValueWithCas<Value>>> {
    return readMany(keys, 'gets-many', options, this.#requests, this.#dispatcher);
  }

  /** Stores a value. @returns false only where failover `miss` dropped it. */
  set(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#store('set', key, value, options);
  }

  /** Stores a value unless the key has one. @returns whether it was stored. */
  add(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#store('add', key, value, options);
  }

  /** Stores a value if the key has one. @returns whether it was stored. */
  replace(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#store('replace', key, value, options);
  }

  /** Adds text or bytes behind the stored ones, leaving ttl and flags as they are. @returns false on a miss. */
  append(key: string, value: string | Uint8Array, options?: CommandOptions): Promise<boolean> {
    return this.#run('append', key, options, (request) => fillWithBytes(request, value)) as Promise<boolean>;
  }

  /** Adds text or bytes before the stored ones, leaving ttl and flags as they are. @returns false on a miss. */
  prepend(key: string, value: string | Uint8Array, options?: CommandOptions): Promise<boolean> {
    return this.#run('prepend', key, options, (request) => fillWithBytes(request, value)) as Promise<boolean>;
  }

  /**
   * Stores a value if the item has not changed since it was read.
   * @param cas the token of that read (`gets`).
   */
  cas(key: string, value: unknown, cas: CasToken, options?: StoreOptions): Promise<CasResult> {
    return this.#run('cas', key, options, (request) => {
      tie(request, cas);
      request.inClassic = this.#classicForms;
      this.#requests.encode(request, value, options);
    }) as Promise<CasResult>;
  }

  /**
   * Stores many values, all with the same options, so many at a time that their number does not matter.
   *
   * @returns for every key whether it was stored; `failures` names the servers that failed, or the values that cannot be
   *   stored, with their keys.
   */
  setMany(
    entries: Iterable<readonly [string, unknown]>,
    options?: StoreOptions,
  ): Promise<ManyResult<boolean>>;
  setMany(entries: Readonly<Record<string, unknown>>, options?: StoreOptions): Promise<ManyResult<boolean>>;
  setMany(entries: object, options?: StoreOptions): Promise<ManyResult<boolean>> {
    return setMany(entries, options, this, this.#requests, this.#dispatcher);
  }

  /** Deletes an item. @returns whether an item was deleted. */
  delete(key: string, options?: DeleteOptions): Promise<boolean> {
    const cas = options?.cas;
    if (cas === undefined) return this.#run('delete', key, options) as Promise<boolean>;
    return this.#run('delete', key, options, (request) => {
      tie(request, cas);
      request.inClassic = this.#classicForms;
    }) as Promise<boolean>;
  }

  /** Deletes many items. @returns for every key whether an item was deleted. */
  deleteMany(keys: Iterable<string>, options?: CommandOptions): Promise<ManyResult<boolean>> {
    return deleteMany(keys, options, this, this.#requests, this.#dispatcher);
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
    return count('incr', key, by, options, this.#requests, this.#dispatcher);
  }

  /** Subtracts from a counter, which stops at 0; otherwise like `incr`. */
  decr(key: string, by?: number, options?: CounterOptions): Promise<number | undefined>;
  decr(key: string, by: bigint, options?: CounterOptions): Promise<bigint | undefined>;
  decr(key: string, by: number | bigint = 1, options?: CounterOptions): Promise<number | bigint | undefined> {
    return count('decr', key, by, options, this.#requests, this.#dispatcher);
  }

  /**
   * Adds to a counter and tells how long it lives on, in one request: what a rate limiter asks. In the classic dialect
   * several requests do it, and the time left is known of a new counter only.
   * @returns the value and its `ttl` in milliseconds; `undefined` when there is no counter and no `initial`.
   * @example const { value, ttl } = (await client.count(`hits:${ip}`, { initial: 1, ttl: '1m' }))!;
   */
  count(key: string, options?: CountOptions): Promise<Counted | undefined> {
    return countWithTtl(key, options, this.#requests, this.#dispatcher, this.#classicForms);
  }

  /** Gives an item a new ttl, or `'never'` lets it expire. @returns false on a miss; a lease's stub keeps its time. */
  touch(key: string, ttl: Ttl, options?: CommandOptions): Promise<boolean> {
    return this.#touch('touch', key, ttl, options) as Promise<boolean>;
  }

  /** Reads a value and gives its item a new ttl; `undefined` on a miss. Two requests in the classic dialect. */
  getAndTouch<Value = unknown>(key: string, ttl: Ttl, options?: ReadOptions): Promise<Value | undefined> {
    return this.#touch('get-and-touch', key, ttl, options) as Promise<Value | undefined>;
  }

  /**
   * Reads a value and everything memcached knows of its item, without counting as an access.
   * @throws {UnsupportedError} in the classic dialect.
   */
  lookup<Value = unknown>(key: string, options?: ReadOptions): Promise<Lookup<Value>> {
    return this.#run('lookup', key, options) as Promise<Lookup<Value>>;
  }

  /**
   * Memcached's own notes on an item (`me`): `exp`, `la`, `cas`, `fetch`, `cls`, `size`; `undefined` on a miss.
   * @throws {UnsupportedError} in the classic dialect.
   */
  metadebug(key: string, options?: CommandOptions): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#run('metadebug', key, options) as Promise<Readonly<Record<string, string>> | undefined>;
  }

  /**
   * Reads a value and asks for the right to compute it; the building block of caches without stampedes.
   * In the classic dialect, the right on a miss is won by adding a stub, as `N` does; the time left and
   * stale marks are not known there, so a hit never wins.
   */
  leaseGet<Value = unknown>(key: string, options: LeaseOptions): Promise<LeaseRead<Value>> {
    return this.#run('lease-get', key, options) as Promise<LeaseRead<Value>>;
  }

  /** Lets a lease run for so long from now. @returns false when it is over: nothing is there, or a value. */
  renewLease(key: string, duration: Duration, options?: CommandOptions): Promise<boolean> {
    return this.#touch('renew', key, duration, options) as Promise<boolean>;
  }

  /**
   * Makes every write fail that relies on an earlier read of the key, and its value go away.
   *
   * When the server is away this resolves all the same: the invalidation is remembered and carried out before the server
   * is read from again (option `maxOwedDeletes`). One that names a `cas` is not, since it loses its meaning with time.
   *
   * @returns false when there was nothing, when the item is not what `cas` names, or when the server is owed it.
   */
  invalidateKey(key: string, options?: InvalidateKeyOptions): Promise<boolean> {
    const kind = options?.stale === undefined ? 'delete' : 'mark-stale';
    const fill = (request: Request): void => this.#requests.fillInvalidation(request, options);
    return this.#run(kind, key, options, fill, 'invalidate-key') as Promise<boolean>;
  }

  /**
   * The servers' statistics, by server, under memcached's own names.
   * @param group `general` (the default), `settings`, `items`, `slabs`, `conns` or `sizes`.
   */
  stats<Group extends StatsGroup = 'general'>(
    group: Group = 'general' as Group,
    options?: CommandOptions,
  ): Promise<ManyResult<StatsByGroup[Group]>> {
    return this.#servers.stats(group, options);
  }

  /** The servers' versions, such as `1.6.18`, by server. */
  version(options?: CommandOptions): Promise<ManyResult<string>> {
    return this.#servers.version(options);
  }

  /**
   * The keys that the servers hold, one server after the other, in no order; with a `keyPrefix` those that have it, without
   * it. Meant for looking around: what is stored or dropped meanwhile may be missing or there. memcached before 1.6.19 goes
   * through the lists of its LRU, so that a key which it moves among them meanwhile may be missing too, or come twice.
   *
   * @throws {UnsupportedError | ServerError} of a server that does not list its keys, when its turn comes.
   * @example for await (const key of client.keys({ limit: 100 })) console.log(key);
   */
  keys(options?: KeysOptions): AsyncGenerator<string, void, undefined> {
    return this.looks.keys.texts(options);
  }

  /** Drops every item of every server, other applications' too. @param options `delay`: when, from now. */
  flushAll(options?: CommandOptions & { delay?: Duration }): Promise<ManyResult<boolean>> {
    return this.#servers.flushAll(options);
  }

  /** The servers with their weights, states, since when, the last error, what they are owed, and how long they take. */
  topology(): readonly NodeStatus[] {
    return this.#servers.topology();
  }

  /**
   * The server a key belongs to, `host:port`, without asking the network.
   * @param options `down`: servers (`host:port`) to be taken as out, under the distribution's rule for failover `next`.
   * @throws {InvalidArgumentError} when no server can take the key.
   */
  serverFor(key: string, options?: { down?: readonly string[] }): string {
    const down = options === undefined ? undefined : downIn(options);
    const server = this.#list.cluster.serverFor(this.#requests.fullKey(key), down);
    if (server === undefined)
      throw new InvalidArgumentError(`no server is left for key ${JSON.stringify(key)}`);
    return server.id;
  }

  /**
   * Whether the server of a key, as far as it is known, gives its items cas tokens. Without them (memcached's `-C`) `cas`
   * stores nothing and a lease ties nothing. True until the server has shown otherwise.
   */
  hasCas(key: string): boolean {
    return this.#dispatcher.nodeFor(this.#requests.fullKey(key))?.hasCas ?? true;
  }

  /**
   * Puts another list of servers in place of the present one. Servers that stay keep their connections; those that leave
   * answer what is in flight. Keys of servers that stay keep their place as far as the distribution allows. A list of more
   * than 50 is prepared over a few turns of the event loop, in which the present one serves.
   *
   * @throws {InvalidOptionsError} with the path of the wrong part; the present list stays.
   * @throws {ClientClosedError} after `close()`.
   */
  setServers(servers: ServersOption): void {
    this.#list.set(servers);
  }

  /**
   * Connects to every server, which tells early whether all can be reached. Commands connect on first use.
   * @throws {ConnectionError | CommandTimeoutError | ServerError} of a server that cannot be used.
   */
  connect(): Promise<void> {
    return this.#dispatcher.connect();
  }

  /**
   * Ends the client: requests in flight get `drainTimeout` to be answered, the rest rejects with `MEMCACHED_CLOSED`. No
   * socket and no timer is left.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#list.close());
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(
    kind: RequestKind,
    key: string,
    options: ReadOptions | undefined,
    fill?: (request: Request) => void,
    command?: Command,
  ): Promise<unknown> {
    try {
      const request = this.#requests.make(kind, key, options, command);
      fill?.(request);
      return this.#dispatcher.send(request, options);
    } catch (error) {
      const mistake = error as MemcachedError;
      return Promise.reject(mistake);
    }
  }

  #touch(kind: RequestKind, key: string, ttl: Ttl, options: ReadOptions | undefined): Promise<unknown> {
    return this.#run(kind, key, options, (request) => {
      request.exptime = this.#requests.exptime(ttl);
      request.inClassic = this.#classicForms;
    });
  }

  #store(kind: RequestKind, key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    try {
      const request = this.#requests.make(kind, key, options);
      this.#requests.encode(request, value, options);
      return this.#dispatcher.send(request, options) as Promise<boolean>;
    } catch (error) {
      const mistake = error as MemcachedError;
      return Promise.reject(mistake);
    }
  }
}
