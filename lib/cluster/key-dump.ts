import { Connection } from '../connection/connection.js';
import type { ConnectionOwner } from '../connection/connection-owner.js';
import { ServerError, CommandTimeoutError, type MemcachedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request, unexpectedReply } from '../protocol/request.js';
import { clearTimeout, performance, setImmediate, setTimeout } from '../timers.js';

/** Keys held here before the server is made to wait. */
const HIGH_WATER_KEYS = 1024;

/** Bounds of the pause before a server that lists its keys for somebody else is asked again; it doubles. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 250;

/**
 * The version since which memcached walks its hash table for us, where every item is found once. By the lists of its LRU, as
 * before, an item that it moves meanwhile may be left out or come twice; and walking the table, versions before held the
 * lock of an item for as long as their reader took.
 */
const WALKS_HASH_TABLE = [1, 6, 19] as const;

/** For how long it is asked again. */
const PATIENCE_MS = 10_000;

/**
 * Asks one server for all its keys, on a connection of its own, and no faster than they are taken. A server makes one such
 * listing at a time, whoever wants it: the next one waits for up to ten seconds.
 *
 * @param signal ends it, with its reason.
 * @param timeoutMs longest wait for a key; without it, for a connection, for the next key of it, and for a server that lists
 *   its keys for somebody else, each as long as is usual.
 * @returns the keys as their bytes, one character per byte.
 * @see memcached doc/protocol.txt, "LRU Crawler"
 */
export async function* dumpKeys(
  server: ServerAddress,
  options: ResolvedClientOptions,
  signal: AbortSignal,
  timeoutMs?: number,
): AsyncGenerator<string> {
  const end = performance.now() + (timeoutMs ?? PATIENCE_MS);
  for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      yield* listing(server, options, signal, timeoutMs);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw explained(error, server);
    }
    await pause(pauseMs, signal);
  }
}

/** One attempt. */
async function* listing(
  server: ServerAddress,
  options: ResolvedClientOptions,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): AsyncGenerator<string> {
  signal.throwIfAborted();
  const keys: string[] = [];
  let over = false;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  let paused = false;
  let lines = 0;
  let silence: NodeJS.Timeout | undefined;
  const limitMs = timeoutMs ?? options.commandTimeout;

  /** A listing takes as long as it takes; only its pauses have a limit. */
  const giveUp = (): void => {
    const seen = lines;
    // Lines may lie unread if this process has stood still: timers come before them, `setImmediate` after.
    setImmediate(() => {
      if (paused || seen !== lines) return;
      const problem = `${server.id}: no further key within ${limitMs} ms`;
      connection.close(new CommandTimeoutError(problem, server.id, 'unknown', limitMs));
    });
  };

  const owner: ConnectionOwner<Connection> = {
    onReady: ({ version }) => {
      silence ??= setTimeout(giveUp, limitMs);
      return [dump(version.atLeast(...WALKS_HASH_TABLE) ? 'hash' : 'all')];
    },
    onRoundTrip: () => undefined,
    onOverdue: () => undefined,
    onRefused: () => undefined,
    onClosed: (_connection, error: MemcachedError | undefined) => {
      failure ??= error;
      over = true;
      wake();
    },
  };
  const connection = new Connection(server, options, owner);
  const dump = (which: 'hash' | 'all'): Request => {
    const request = new Request('line', `lru_crawler metadump ${which}`, (reply: Reply) => {
      if (reply.status === 'line' && reply.more) {
        lines += 1;
        silence?.refresh();
        const key = /^key=(\S+)/.exec(reply.text)?.[1];
        if (key !== undefined) keys.push(unescaped(key));
        if (keys.length >= HIGH_WATER_KEYS && !paused) connection.setPaused((paused = true));
        wake();
        return undefined;
      }
      if (reply.status === 'end' || reply.status === 'ok') return undefined;
      throw unexpectedReply(reply, request);
    });
    request.timeoutMs = Number.POSITIVE_INFINITY;
    request.resolve = () => {
      over = true;
      wake();
    };
    request.reject = (error) => {
      failure = error as Error;
      over = true;
      wake();
    };
    return request;
  };
  const abort = (): void => {
    failure = signal.reason as Error;
    connection.close();
    wake();
  };
  signal.addEventListener('abort', abort, { once: true });
  // Connecting has a limit of its own, but for whoever has named one for all of it.
  if (timeoutMs !== undefined) silence = setTimeout(giveUp, limitMs);

  try {
    for (;;) {
      yield* keys.splice(0);
      signal.throwIfAborted();
      if (paused) {
        silence?.refresh();
        connection.setPaused((paused = false));
      }
      if (keys.length > 0) continue;
      if (failure !== undefined) throw failure;
      if (over) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', abort);
    clearTimeout(silence);
    connection.close();
  }
}

/** Bytes that memcached writes as `%41`. */
function unescaped(key: string): string {
  return key.replaceAll(/%([0-9A-Fa-f]{2})/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Whether a server lists its keys for somebody else now. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof ServerError && (error.reply.startsWith('BUSY') || error.reply.startsWith('ERROR locked'))
  );
}

/** Ends early when it is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}

function explained(error: unknown, server: ServerAddress): unknown {
  if (!(error instanceof ServerError)) return error;
  const why = isBusy(error) ? 'it lists them for somebody else' : "memcached's -o no_lru_crawler?";
  return new ServerError(
    `${server.id} does not list its keys: ${error.reply} (${why})`,
    server.id,
    error.reply,
  );
}
