import type { Socket } from 'node:net';
import { CommandSession } from './command-session.js';
import type { ConnectionInfo, ServerState } from './server-state.js';

/** Replies are written out before there are more of them, and commands wait while the socket cannot take them. */
const FLUSH_ABOVE_BYTES = 256 * 1024;

/** One socket of the embedded server. */
export class ServerConnection implements ConnectionInfo {
  readonly id: number;
  readonly remoteAddress: string;
  lastCommandAt: number;
  readonly #state: ServerState;
  readonly #socket: Socket;
  readonly #session: CommandSession;
  #unread: Buffer[] = [];
  #blocked = false;
  #clientDone = false;

  /** @param id tells connections apart in `stats conns`. */
  constructor(state: ServerState, socket: Socket, id: number) {
    this.#state = state;
    this.#socket = socket;
    this.#session = new CommandSession(state);
    this.id = id;
    this.remoteAddress = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    this.lastCommandAt = state.settings.now();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      state.counters.bytes_read += chunk.length;
      this.lastCommandAt = state.settings.now();
      this.#unread.push(chunk);
      this.#process();
    });
    socket.on('drain', () => {
      this.#blocked = false;
      socket.resume();
      this.#process();
    });
    socket.on('end', () => {
      this.#clientDone = true;
      this.#process();
    });
  }

  #process(): void {
    while (!this.#blocked && this.#unread.length > 0) this.#processChunk(this.#unread[0]);
    this.#flush();
    if (this.#session.closed) this.#socket.destroySoon();
    else if (this.#clientDone && this.#unread.length === 0) this.#socket.end();
  }

  #processChunk(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length && !this.#blocked) {
      offset = this.#session.read(chunk, offset);
      if (this.#session.replies.bytes > FLUSH_ABOVE_BYTES) this.#flush();
    }
    if (offset < chunk.length) this.#unread[0] = chunk.subarray(offset);
    else this.#unread.shift();
  }

  #flush(): void {
    const { replies } = this.#session;
    if (replies.bytes === 0 || this.#socket.destroyed) return;
    this.#state.counters.bytes_written += replies.bytes;
    this.#socket.cork();
    for (const chunk of replies.take()) this.#socket.write(chunk);
    this.#socket.uncork();
    if (!this.#socket.writableNeedDrain) return;
    this.#blocked = true;
    this.#socket.pause();
  }
}
