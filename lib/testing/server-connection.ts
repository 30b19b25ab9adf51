import type { Socket } from 'node:net';
import { authenticate } from './ascii-auth.js';
import { CommandReader, type FollowUp } from './command-reader.js';
import { COMMANDS } from './command-table.js';
import { ReplyWriter } from './reply-writer.js';
import type { ConnectionInfo, Credentials, ServerState } from './server-state.js';

/** Replies are written out before there are more of them, and commands wait while the socket cannot take them. */
const FLUSH_ABOVE_BYTES = 256 * 1024;

/** One client of the embedded server. */
export class ServerConnection implements ConnectionInfo {
  readonly id: number;
  readonly remoteAddress: string;
  lastCommandAt: number;
  readonly #state: ServerState;
  readonly #socket: Socket;
  readonly #out = new ReplyWriter();
  readonly #reader = new CommandReader((line) => this.#execute(line));
  #unread: Buffer[] = [];
  #blocked = false;
  #clientDone = false;
  /** What the client still has to send before it is let in. */
  #credentials: Credentials | undefined;

  /** @param id tells connections apart in `stats conns`. */
  constructor(state: ServerState, socket: Socket, id: number) {
    this.#state = state;
    this.#socket = socket;
    this.id = id;
    this.remoteAddress = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    this.lastCommandAt = state.settings.now();
    this.#credentials = state.settings.auth;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      state.counters.bytes_read += chunk.length;
      this.#unread.push(chunk);
      this.#process();
    });
    socket.on('drain', () => this.#resume());
    socket.on('end', () => {
      this.#clientDone = true;
      this.#process();
    });
    // What the client does to its end of the connection is its own business.
    socket.on('error', () => socket.destroy());
  }

  #process(): void {
    while (!this.#blocked && this.#unread.length > 0) this.#processChunk(this.#unread[0]);
    this.#flush();
    if (this.#reader.closed) this.#socket.destroySoon();
    else if (this.#clientDone && this.#unread.length === 0) this.#socket.end();
  }

  #processChunk(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length && !this.#blocked) {
      offset = this.#reader.read(chunk, offset);
      if (this.#out.bytes > FLUSH_ABOVE_BYTES) this.#flush();
    }
    if (offset < chunk.length) this.#unread[0] = chunk.subarray(offset);
    else this.#unread.shift();
  }

  #flush(): void {
    if (this.#out.bytes === 0 || this.#socket.destroyed) return;
    this.#state.counters.bytes_written += this.#out.bytes;
    this.#socket.cork();
    for (const chunk of this.#out.take()) this.#socket.write(chunk);
    this.#socket.uncork();
    if (!this.#socket.writableNeedDrain) return;
    this.#blocked = true;
    this.#socket.pause();
  }

  #resume(): void {
    this.#blocked = false;
    this.#socket.resume();
    this.#process();
  }

  #execute(line: string): FollowUp | undefined {
    this.lastCommandAt = this.#state.settings.now();
    this.#out.unmute();
    const tokens = words(line);
    if (this.#credentials !== undefined) {
      return authenticate(this.#credentials, this.#state.counters, this.#out, tokens, () => {
        this.#credentials = undefined;
      });
    }
    const command = COMMANDS.get(tokens[0]);
    if (command !== undefined) return command(this.#state, this.#out, tokens) ?? undefined;
    this.#out.line('ERROR');
    return undefined;
  }
}

/** Blanks part words; a zero byte ends the line. */
function words(line: string): string[] {
  const end = line.indexOf('\0');
  const tokens = (end < 0 ? line : line.slice(0, end)).split(' ');
  return tokens.includes('') ? tokens.filter((token) => token !== '') : tokens;
}
