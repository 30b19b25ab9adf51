import { channel, tracingChannel, type Channel, type TracingChannel } from 'node:diagnostics_channel';
import type { MemcachedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { Peer, Request } from '../protocol/request.js';
import { performance } from '../timers.js';
import type { BatchClock } from './batch-clock.js';
import {
  hitsOf,
  type CommandOutcome,
  keyCountOf,
  keysOf,
  NO_KEYS,
  operationOf,
  outcomeOf,
  serverOf,
} from './command-facts.js';
import type { NodeEvent, ServersEvent } from './events.js';

/**
 * One command, as subscribers of the tracing channel `nestjs-memcached:command` get it: the same object at its start and
 * at its end, where it also bears the outcome. Never a value.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export interface CommandMessage {
  /** `get`, `set`, `get-many`, …; a line command by its first word: `stats`, `version`, `flush_all`. */
  readonly operation: string;
  /** `host:port`; empty when no server can take the key. */
  readonly server: string;
  /** The option `instance` of the client: the name of its module, `default` without one. */
  readonly instance: string;
  /** The keys as the user wrote them; empty with the option `diagnosticKeys: false`. */
  readonly keys: readonly string[];
  readonly keyCount: number;
  /** Of a read, how many of its keys were found; 0 until the end, and of other commands. */
  hits: number;
  /** Of a read, how many of its keys were not found; likewise. */
  misses: number;
  /** Bytes of the value as stored: sent by a write, received by a read; 0 until then, and on a miss. */
  bytes: number;
  /**
   * `hit`, `miss`; `done` and `not-done` for commands that answer whether they took effect; `stored`, `exists`,
   * `not-found` of a `cas`; `error`. Undefined until the end.
   */
  outcome: CommandOutcome;
  /** Milliseconds from the call to its end, what it waited for included; 0 until then. */
  durationMs: number;
  /**
   * Address and port of the connection that it was given to, at the end; undefined where there was none, and over a unix
   * socket.
   */
  peer: Peer | undefined;
  /** Of the outcome `error`: what the command rejects with. */
  readonly error?: MemcachedError;
}

/** What the channel `nestjs-memcached:owed` tells: a server is back, and the invalidations that it is owed are on their way. */
export interface OwedMessage {
  readonly server: string;
  readonly instance: string;
  /** How many of those that are remembered, epochs of near caches among them: of more, the server's keys are looked through. */
  readonly count: number;
}

/** What the channel `nestjs-memcached:reconnect` tells: a server has a new connection after it had lost one. */
export interface ReconnectMessage {
  readonly server: string;
  readonly instance: string;
}

/** What the channel `nestjs-memcached:node` tells: a server's state has changed. */
export interface NodeMessage extends NodeEvent {
  readonly instance: string;
}

/** What the channel `nestjs-memcached:servers` tells: the list of servers has changed. */
export interface ServersMessage extends ServersEvent {
  readonly instance: string;
}

/** Every command; see `CommandMessage`. */
export const commandChannel = tracingChannel('nestjs-memcached:command') as unknown as TracingChannel<
  string,
  CommandMessage
>;

/** See `NodeMessage`. */
export const nodeChannel = channel('nestjs-memcached:node') as unknown as Channel<unknown, NodeMessage>;

/** See `ServersMessage`. */
export const serversChannel = channel('nestjs-memcached:servers') as unknown as Channel<
  unknown,
  ServersMessage
>;

/** See `ReconnectMessage`. */
export const reconnectChannel = channel('nestjs-memcached:reconnect') as unknown as Channel<
  unknown,
  ReconnectMessage
>;

/** See `OwedMessage`. */
export const owedChannel = channel('nestjs-memcached:owed') as unknown as Channel<unknown, OwedMessage>;

/**
 * Whether of commands no more is wanted than their starts and ends, as metrics and spans want them: these are told without a
 * promise and a context of their own for each.
 */
export function onlyStartsAndEndsAreHeard(): boolean {
  const { end, asyncStart, error } = commandChannel;
  return !(end.hasSubscribers || asyncStart.hasSubscribers || error.hasSubscribers);
}

/**
 * Sends a request and tells of its start and of its end.
 *
 * @param server where it will be sent.
 * @returns its result, untouched.
 */
export function publishAround(
  request: Request,
  server: string,
  options: ResolvedClientOptions,
  clock: BatchClock,
  send: () => Promise<unknown>,
): Promise<unknown> {
  const begun = performance.now();
  const message = messageOf(request, server, options);
  return publishEndOf(message, request, options, clock, begun, commandChannel.start.runStores(message, send));
}

/**
 * Tells of the end of a request that was sent.
 *
 * @param message what its start was told by, if it was.
 * @param begun when, by `performance.now`.
 * @returns its result, untouched.
 */
export function publishEndOf(
  message: CommandMessage | undefined,
  request: Request,
  options: ResolvedClientOptions,
  clock: BatchClock,
  begun: number,
  sent: Promise<unknown>,
): Promise<unknown> {
  void sent.then(
    (result) => publishEnd(message, request, options, clock.now() - begun, undefined, result),
    (error: MemcachedError) => publishEnd(message, request, options, clock.now() - begun, error, undefined),
  );
  return sent;
}

function publishEnd(
  begin: CommandMessage | undefined,
  request: Request,
  options: ResolvedClientOptions,
  durationMs: number,
  error: MemcachedError | undefined,
  result: unknown,
): void {
  const message = begin ?? messageOf(request, request.carrier?.server.id ?? serverOf(error), options);
  end(message, request, durationMs, error, result);
  if (error !== undefined) (message as { error?: MemcachedError }).error = error;
  commandChannel.asyncEnd.publish(message);
}

/**
 * Sends a request and tells of it, at its start and at its end.
 *
 * @param server where it will be sent, as far as that is known.
 */
export async function traced(
  request: Request,
  server: string,
  options: ResolvedClientOptions,
  send: () => Promise<unknown>,
): Promise<unknown> {
  const message = messageOf(request, server, options);
  const begun = performance.now();
  // The channel would put what the promise brings into the message: so it brings nothing.
  let result: unknown;
  await commandChannel.tracePromise(async () => {
    try {
      result = await send();
      end(message, request, performance.now() - begun, undefined, result);
    } catch (error) {
      end(message, request, performance.now() - begun, error as MemcachedError, undefined);
      throw error as MemcachedError;
    }
  }, message);
  return result;
}

function messageOf(
  request: Request,
  server: string,
  { diagnosticKeys, instance }: ResolvedClientOptions,
): CommandMessage {
  return {
    operation: operationOf(request),
    server,
    instance,
    keys: diagnosticKeys ? keysOf(request) : NO_KEYS,
    keyCount: keyCountOf(request),
    hits: 0,
    misses: 0,
    bytes: request.data?.length ?? 0,
    durationMs: 0,
    outcome: undefined,
    peer: undefined,
  };
}

/** Says in a message what has come of its request. */
function end(
  message: CommandMessage,
  request: Request,
  durationMs: number,
  error: MemcachedError | undefined,
  result: unknown,
): void {
  message.durationMs = durationMs;
  message.peer = request.carrier?.peer;
  message.outcome = error === undefined ? outcomeOf(request.kind, result) : 'error';
  if (error !== undefined) return;
  message.bytes += request.receivedBytes;
  if (message.outcome !== 'hit' && message.outcome !== 'miss') return;
  message.hits = hitsOf(request, message.outcome, result);
  message.misses = message.keyCount - message.hits;
}
