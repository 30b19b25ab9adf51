import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { Loader } from './load-context.js';
import type { EntryAsker, CacheReading } from './store.js';

/**
 * A call and the read that it has made. Its promise brings the value where that is all there is to say, and otherwise this: so
 * one function serves the promises of all calls, and what only a miss needs is made when there is one.
 */
abstract class CallersRead implements EntryAsker {
  readonly key: string;
  readonly policy: ResolvedPolicy;
  wantsAll: boolean;
  /** What was found, once that is known to be more than a value. */
  reading: CacheReading | undefined;
  /** Why nothing is known of it. */
  error: unknown;

  /** @param wantsAll whether whoever is told of hits is to be told of this one. */
  constructor(key: string, policy: ResolvedPolicy, wantsAll: boolean) {
    this.key = key;
    this.policy = policy;
    this.wantsAll = wantsAll;
    this.reading = undefined;
    this.error = undefined;
  }

  found(reading: CacheReading): this {
    this.reading = reading;
    return this;
  }

  failed(error: unknown): this {
    this.error = error;
    return this;
  }
}

/** One that computes what is missing. */
export class LoadingRead extends CallersRead {
  readonly loader: Loader<unknown>;
  /** The order of events when it began. */
  readonly began: number;
  /** Brings the value or this, once it has been asked for. */
  answer: Promise<unknown> | undefined;
  #all: Promise<CacheReading> | undefined;

  constructor(
    key: string,
    policy: ResolvedPolicy,
    wantsAll: boolean,
    loader: Loader<unknown>,
    began: number,
  ) {
    super(key, policy, wantsAll);
    this.loader = loader;
    this.began = began;
    this.answer = undefined;
    this.#all = undefined;
  }

  /** Asks for all that it finds, for other calls of its turn. */
  askForAll(): Promise<CacheReading> {
    this.wantsAll = true;
    return (this.#all ??= this.#wait());
  }

  async #wait(): Promise<CacheReading> {
    await this.answer;
    if (this.reading === undefined) throw this.error;
    return this.reading;
  }
}

/** One that computes nothing. */
export class PlainRead extends CallersRead {
  /** Whether a stale value is good enough. */
  readonly stale: boolean;

  constructor(key: string, policy: ResolvedPolicy, wantsAll: boolean, stale: boolean) {
    super(key, policy, wantsAll);
    this.stale = stale;
  }
}
