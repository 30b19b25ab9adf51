import { channel, type Channel } from 'node:diagnostics_channel';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { Peer, Request, Watch } from '../protocol/request.js';
import { performance } from '../timers.js';
import type { BatchClock } from './batch-clock.js';
import { hitsOf, keyCountOf, keysOf, NO_KEYS, operationOf, outcomeOf, serverOf } from './command-facts.js';

/** Where commands are told of as they begin and end, to those in this package who count and time them. */
const begins = channel('nestjs-memcached:watch:begin') as unknown as Channel<unknown, WatchedCommand>;
export const watchedEnds = channel('nestjs-memcached:watch:end') as unknown as Channel<
  unknown,
  WatchedCommand
>;

/**
 * One command, for those who count and time all of them: told of where its reply is read, before its promise is settled. So
 * it takes no promise of its own, as the messages of the tracing channel do, which are told in the context of the caller.
 *
 * Read it while it is told of, and keep nothing of it: what it says is taken from the request.
 */
export class WatchedCommand implements Watch {
  /** The name of the client, as the option `instance` gives it. */
  readonly instance: string;
  /** What stands for the context of the caller, if whoever was told of the beginning has put it here. */
  context: unknown = undefined;
  /** Milliseconds from the call to its end, what it waited for included; 0 until then. */
  durationMs = 0;
  /** Of a read, how many of its keys were found; 0 until the end, and of other commands. */
  hits = 0;
  /** Of a read, how many of its keys were not found; likewise. */
  misses = 0;
  /** What the command rejects with: mostly a `MemcachedError`, and anything where a signal has ended it. */
  error: unknown = undefined;
  readonly #request: Request;
  readonly #options: ResolvedClientOptions;
  readonly #clock: BatchClock;
  readonly #begun = performance.now();
  #resolve: Request['resolve'] | undefined = undefined;
  #reject: Request['reject'] | undefined = undefined;

  /** @param expected where it will be sent, in case it fails before; `''` where that is not known. */
  constructor(
    request: Request,
    options: ResolvedClientOptions,
    clock: BatchClock,
    readonly expected: string,
  ) {
    this.instance = options.instance;
    this.#request = request;
    this.#options = options;
    this.#clock = clock;
    begins.publish(this);
  }

  /** As `CommandMessage` has it. */
  get operation(): string {
    return operationOf(this.#request);
  }

  /** The server that the command was given to last, or would have been; empty where there is none. */
  get server(): string {
    return this.#request.carrier?.server.id ?? (this.expected || serverOf(this.error));
  }

  /** As `CommandMessage` has it. */
  get peer(): Peer | undefined {
    return this.#request.carrier?.peer;
  }

  /** As `CommandMessage` has them. */
  get keys(): readonly string[] {
    return this.#options.diagnosticKeys ? keysOf(this.#request) : NO_KEYS;
  }

  /** How many there are, told or not. */
  get keyCount(): number {
    return keyCountOf(this.#request);
  }

  /** Is told what comes of its request before whoever has made the promise of it. */
  attach(): void {
    const request = this.#request;
    this.#resolve = request.resolve;
    this.#reject = request.reject;
    request.resolve = resolveWatched;
    request.reject = rejectWatched;
  }

  /** Is told what comes of a call, of whose request that does not say it. @returns the same promise. */
  await(sent: Promise<unknown>): Promise<unknown> {
    void sent.then(
      (result) => this.#end(undefined, result),
      (error: unknown) => this.#end(error, undefined),
    );
    return sent;
  }

  resolved(result: unknown): void {
    // What is decoded elsewhere, or asked again in other words, comes to its end later.
    if (result instanceof Promise) void this.await(result);
    else this.#end(undefined, result);
    this.#resolve!.call(this.#request, result);
  }

  rejected(error: unknown): void {
    this.#end(error, undefined);
    this.#reject!.call(this.#request, error);
  }

  #end(error: unknown, result: unknown): void {
    const request = this.#request;
    // The clock may have been read before what fails at once has begun.
    this.durationMs = Math.max(0, this.#clock.now() - this.#begun);
    this.error = error;
    if (error === undefined) {
      const outcome = outcomeOf(request.kind, result);
      if (outcome === 'hit' || outcome === 'miss') {
        const { keyCount } = this;
        this.hits = hitsOf(request, outcome, result);
        this.misses = keyCount - this.hits;
      }
    }
    watchedEnds.publish(this);
  }
}

/** Called as methods of the request, in place of a function for each. */
function resolveWatched(this: Request, result: unknown): void {
  this.watch!.resolved(result);
}

function rejectWatched(this: Request, error: unknown): void {
  this.watch!.rejected(error);
}
