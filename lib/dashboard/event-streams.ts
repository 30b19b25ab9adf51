import { PassThrough, type Readable } from 'node:stream';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../timers.js';

/** Often enough for proxies, which end connections that are silent for half a minute or more. */
const HEARTBEAT_MS = 15_000;

/** Who has not read for so long that this waits for him is gone, or might as well be. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** How long somebody who does not read what is left may keep an application that closes. */
export const FAREWELL_MS = 1000;

/**
 * Everybody who watches, as streams of server-sent events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStreams {
  readonly #open = new Set<PassThrough>();
  readonly #onAudience: (isWatched: boolean) => void;
  readonly #heartbeatMs: number;
  #heartbeat: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param onAudience told when the first one comes, and when the last one has gone. */
  constructor(onAudience: (isWatched: boolean) => void, heartbeatMs: number = HEARTBEAT_MS) {
    this.#onAudience = onAudience;
    this.#heartbeatMs = heartbeatMs;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A new stream, which ends when its reader goes. @param first what it begins with. */
  open(first: readonly StreamEvent[]): Readable {
    const stream = new PassThrough();
    this.#open.add(stream);
    // Whoever comes back after a break does so after two seconds.
    stream.write(`retry: 2000\n\n${first.map(written).join('')}`);
    stream.once('close', () => this.#left(stream));
    if (this.#open.size === 1) {
      this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), this.#heartbeatMs).unref();
      this.#onAudience(true);
    }
    return stream;
  }

  /** Tells everybody. */
  send(event: StreamEvent): void {
    if (this.#open.size > 0 && !this.#isClosed) this.#write(written(event));
  }

  /** Ends all streams, so that the server can close: at once where what is left is read, and in a second otherwise. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    for (const stream of this.#open) {
      stream.end();
      const timer = setTimeout(() => void stream.destroy(), FAREWELL_MS).unref();
      stream.once('close', () => clearTimeout(timer));
    }
  }

  #write(text: string): void {
    for (const stream of this.#open) {
      if (stream.readableLength + stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
      else stream.write(text);
    }
  }

  #left(stream: PassThrough): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#onAudience(false);
  }
}

/** One message: its name, and what it tells. */
export interface StreamEvent {
  readonly event: string;
  readonly data: object;
}

function written({ event, data }: StreamEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
