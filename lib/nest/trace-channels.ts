import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import type { Audience } from '../cache/cache-events.js';
import type { CacheTracing, TracedCall, Tracing } from '../cache/cache-tracing.js';
import type { TracedKeys, TracedLoad } from '../cache/traced-load.js';
import { performance } from '../timers.js';
import type { KeyGroups } from './instance/key-groups.js';

/** What the tracing channels of a cache tell: the same object at the start and at the end. Never a value. */
export interface TracedMessage {
  /** The option `instance` of the cache: the name of its module, `default` without one. */
  readonly instance: string;
  /** Which keys it is about; see `CacheMessage`. Of many keys, the group of the first. */
  readonly group: string;
  /** The keys as the application wrote them; empty with the option `diagnosticKeys: false`. */
  readonly keys: readonly string[];
  readonly keyCount: number;
  /** Milliseconds from start to end; 0 until then. */
  durationMs: number;
  /** What was thrown, where the outcome is `error`. */
  readonly error?: unknown;
  /**
   * Set by who listens to the start, and called with what is traced, which it has to call and whose result it has to return:
   * for contexts that are entered by a function. Where the context is an `AsyncLocalStorage`, `bindStore` does it.
   */
  around?: <T>(work: () => T) => T;
}

/** What the tracing channel `nestjs-memcached:get-or-set` tells of each call of `getOrSet` and `getOrSetMany`. */
export interface GetOrSetMessage extends TracedMessage {
  readonly operation: 'get-or-set' | 'get-or-set-many';
  /** Keys served with a fresh value; this and the others are known at the end. */
  hits: number;
  /** Keys served with a stale value. */
  stale: number;
  /** Keys served with what another call of this process had computed. */
  shared: number;
  /** Keys for which a value was computed, here or in another process. */
  misses: number;
  /** Loads that other calls of this process had begun, and that it waited for; only of those that somebody listens to. */
  joined: readonly LoadMessage[];
  /** The most that was needed for any of the keys: `miss`, `shared`, `stale`, `hit`, in this order. Absent until the end. */
  outcome?: 'hit' | 'stale' | 'shared' | 'miss' | 'error';
}

/** What the tracing channel `nestjs-memcached:refresh` tells of each value that is computed behind a response. */
export interface RefreshMessage extends TracedMessage {
  outcome?: 'done' | 'error';
}

/** What the tracing channel `nestjs-memcached:load` tells of each call of a loader. */
export interface LoadMessage extends TracedMessage {
  /** Whether it computes behind the responses. */
  readonly refresh: boolean;
  /** Whether there is a stale value that it replaces. */
  readonly stale: boolean;
  outcome?: 'done' | 'error';
}

const getOrSetChannel = channelOf<GetOrSetMessage>('get-or-set');
const refreshChannel = channelOf<RefreshMessage>('refresh');
const loadChannel = channelOf<LoadMessage>('load');

/** Traces what one cache does on the channels of this process. */
export function tracingOn(naming: MessageNaming): CacheTracing {
  const messages = new WeakMap<TracedLoad, LoadMessage>();
  return {
    calls: new ChannelTracing<TracedCall, GetOrSetMessage>(
      getOrSetChannel,
      naming,
      callMessage,
      (message, { hit, stale, shared, miss, joined }) => {
        Object.assign(message, { hits: hit, stale, shared, misses: miss });
        if (joined.size > 0) message.joined = [...joined].flatMap((load) => messages.get(load) ?? []);
        message.outcome = miss > 0 ? 'miss' : shared > 0 ? 'shared' : stale > 0 ? 'stale' : 'hit';
      },
    ),
    refreshes: new ChannelTracing<TracedKeys, RefreshMessage>(
      refreshChannel,
      naming,
      (_about, message) => message,
      done,
    ),
    loads: new ChannelTracing<TracedLoad, LoadMessage>(
      loadChannel,
      naming,
      (about, message) => {
        const { refresh, stale } = about;
        const load = { ...message, refresh, stale };
        messages.set(about, load);
        return load;
      },
      done,
    ),
  };
}

function callMessage({ isOfMany }: TracedCall, message: TracedMessage): GetOrSetMessage {
  const operation = isOfMany ? 'get-or-set-many' : 'get-or-set';
  return { ...message, operation, hits: 0, stale: 0, shared: 0, misses: 0, joined: NONE };
}

const NONE: readonly LoadMessage[] = Object.freeze([]);

function done(message: LoadMessage | RefreshMessage): void {
  message.outcome = 'done';
}

/** How the messages of one cache call it and its keys. */
export interface MessageNaming {
  readonly withKeys: boolean;
  readonly instance: string;
  readonly groups: KeyGroups;
}

/** Traces one kind of thing on a channel. */
class ChannelTracing<
  About extends TracedKeys,
  Message extends TracedMessage & { outcome?: string },
> implements Tracing<About> {
  readonly audience: Audience;
  readonly #channel: TracingChannel<string, Message>;
  readonly #naming: MessageNaming;
  readonly #begin: (about: About, message: TracedMessage) => Message;
  readonly #end: (message: Message, about: About) => void;

  /** @param begin completes a message. @param end says in a message what has come of it. */
  constructor(
    channel: TracingChannel<string, Message>,
    naming: MessageNaming,
    begin: (about: About, message: TracedMessage) => Message,
    end: (message: Message, about: About) => void,
  ) {
    this.#channel = channel;
    this.audience = channel;
    this.#naming = naming;
    this.#begin = begin;
    this.#end = end;
  }

  async run<T>(about: About, work: () => Promise<T>): Promise<T> {
    const { withKeys, instance, groups } = this.#naming;
    const { keys } = about;
    const message = this.#begin(about, {
      instance,
      group: groups.of(keys[0] ?? ''),
      keys: withKeys ? keys : [],
      keyCount: keys.length,
      durationMs: 0,
    });
    const begun = performance.now();
    // The channel would put what the promise brings into the message: so it brings nothing.
    let result!: T;
    await this.#channel.tracePromise(async () => {
      try {
        result = await (message.around === undefined ? work() : message.around(work));
        this.#end(message, about);
      } catch (error) {
        this.#end(message, about);
        message.outcome = 'error';
        throw error;
      } finally {
        message.durationMs = performance.now() - begun;
      }
    }, message);
    return result;
  }
}

function channelOf<Message extends object>(name: string): TracingChannel<string, Message> {
  return tracingChannel(`nestjs-memcached:${name}`) as unknown as TracingChannel<string, Message>;
}
