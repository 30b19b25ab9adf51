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
    return this.#client.get<Value>(key, strict(options));
  }

  gets<Value>(key: string, options?: ReadOptions): Promise<ValueWithCas<Value> | undefined> {
    return this.#client.gets<Value>(key, strict(options));
  }

  getMany<Value>(keys: Iterable<string>, options?: ReadOptions): Promise<ManyResult<Value>> {
    return this.#client.getMany<Value>(keys, strict(options));
  }

  set(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.set(key, value, lasting(options));
  }

  add(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.add(key, value, lasting(options));
  }

  replace(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#client.replace(key, value, lasting(options));
  }

  cas(key: string, value: unknown, cas: CasToken, options?: StoreOptions): Promise<CasResult> {
    return this.#client.cas(key, value, cas, lasting(options));
  }

  touch(key: string, ttl: Ttl, options?: CommandOptions): Promise<boolean> {
    return this.#client.touch(key, countable(ttl), strict(options));
  }

  count(key: string, options?: CountOptions): Promise<Counted | undefined> {
    return this.#client.count(key, lasting(options));
  }

  decr(key: string, by: number): Promise<number | undefined> {
    return this.#client.decr(key, by, strict(undefined));
  }

  /** Resolves while the server is away: that is owed it. */
  invalidateKey(key: string, options?: InvalidateKeyOptions): Promise<boolean> {
    return this.#client.invalidateKey(key, options);
  }
}

function strict<Options extends CommandOptions>(options: Options | undefined): Options & StrictOptions {
  return { ...(options as Options), strict: true };
}

function lasting<Options extends StoreOptions>(options: Options | undefined): Options & StrictOptions {
  return { ...strict(options), ttl: countable(options?.ttl) };
}

function countable<Span extends Ttl | undefined>(ttl: Span): Span | number {
  return typeof ttl === 'number' ? countableTtl(ttl) : ttl;
}
