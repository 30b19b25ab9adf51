import type { MemcachedClient } from '../client/client.js';
import type { Codec } from '../client/codec/codec.js';
import { countableTtl } from '../client/countable-ttl.js';
import type {
  CommandOptions,
  CountOptions,
  InvalidateKeyOptions,
  ReadOptions,
  StoreOptions,
  StrictOptions,
} from '../client/command-options.js';
import type { ManyResult } from '../client/many-result.js';
import type { CasResult, CasToken, Counted, ValueWithCas } from '../client/results.js';
import type { Ttl } from '../options/cache-options.js';
import type { Duration } from '../options/duration.js';

/**
 * The client as adapters use it, which promise something for the time while a server is away: it rejects then, also where the
 * application has chosen failover `miss`, and nothing would tell a server that is away from one that has nothing. And ttls are
 * what other packages say: what was to live longer than memcached can count, or for ever, is not refused.
 */
export class StrictClient {
  readonly #client: MemcachedClient;

  constructor(client: MemcachedClient) {
    this.#client = client;
  }

  get codec(): Codec {
    return this.#client.codec;
  }

  keys(): AsyncGenerator<string, void, undefined> {
    return this.#client.keys();
  }

  hasCas(key: string): boolean {
    return this.#client.hasCas(key);
  }

  get<Value>(key: string, options?: ReadOptions): Promise<Value | undefined> {
    return this.#client.get<Value>(key, new StrictCall(options));
  }

  gets<Value>(key: string, options?: ReadOptions): Promise<ValueWithCas<Value> | undefined> {
    return this.#client.gets<Value>(key, new StrictCall(options));
  }

  getMany<Value>(keys: Iterable<string>, options?: ReadOptions): Promise<ManyResult<Value>> {
    return this.#client.getMany<Value>(keys, new StrictCall(options));
  }

  set(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.set(key, value, new StrictCall(options));
  }

  add(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.add(key, value, new StrictCall(options));
  }

  replace(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.replace(key, value, new StrictCall(options));
  }

  cas(key: string, value: unknown, cas: CasToken, options?: StoreOptions): Promise<CasResult> {
    return this.#client.cas(key, value, cas, new StrictCall(options));
  }

  touch(key: string, ttl: Ttl, options?: CommandOptions): Promise<boolean> {
    return this.#client.touch(key, countable(ttl), new StrictCall(options));
  }

  count(key: string, options?: CountOptions): Promise<Counted | undefined> {
    return this.#client.count(key, new StrictCall(options));
  }

  decr(key: string, by: number): Promise<number | undefined> {
    return this.#client.decr(key, by, new StrictCall());
  }

  /** Resolves while the server is away: that is owed it. */
  invalidateKey(key: string, options?: InvalidateKeyOptions): Promise<boolean> {
    return this.#client.invalidateKey(key, options);
  }
}

/**
 * What a command is given. A class: what an object literal makes, V8 makes among old objects once most of it has outlived a
 * collection, as what waits for a server does.
 */
class StrictCall implements CountOptions, StoreOptions, StrictOptions {
  readonly strict = true;
  readonly signal: AbortSignal | undefined;
  readonly timeout: Duration | undefined;
  readonly codec: Codec | undefined;
  readonly ttl: Ttl | undefined;
  readonly initial: CountOptions['initial'];
  readonly by: CountOptions['by'];

  constructor({ signal, timeout, codec, ttl, initial, by }: CountOptions & StoreOptions = {}) {
    this.signal = signal;
    this.timeout = timeout;
    this.codec = codec;
    this.ttl = ttl === undefined ? undefined : countable(ttl);
    this.initial = initial;
    this.by = by;
  }
}

function countable(ttl: Ttl): Ttl {
  return typeof ttl === 'number' ? countableTtl(ttl) : ttl;
}
