import { authenticate } from './ascii-auth.js';
import { CommandReader, type FollowUp } from './command-reader.js';
import { COMMANDS } from './command-table.js';
import { ReplyWriter } from './reply-writer.js';
import type { Credentials, ServerState } from './server-state.js';

/** One client's conversation with the server: bytes in, replies gathered, no socket. */
export class CommandSession {
  /** What is to be sent to the client. */
  readonly replies = new ReplyWriter();
  readonly #state: ServerState;
  readonly #reader = new CommandReader((line) => this.#execute(line));
  /** What the client still has to send before it is let in. */
  #credentials: Credentials | undefined;

  constructor(state: ServerState) {
    this.#state = state;
    this.#credentials = state.settings.auth;
  }

  /** Whether the connection is to be closed, after the replies are sent. */
  get closed(): boolean {
    return this.#reader.closed;
  }

  /**
   * Reads on from an offset, up to and including the next complete command, and carries that out.
   *
   * @returns the offset behind what was read: the end of the chunk, unless a command was complete before.
   */
  read(chunk: Buffer, offset: number): number {
    return this.#reader.read(chunk, offset);
  }

  #execute(line: string): FollowUp | undefined {
    this.replies.unmute();
    const tokens = words(line);
    if (this.#credentials !== undefined) {
      return authenticate(this.#credentials, this.#state.counters, this.replies, tokens, () => {
        this.#credentials = undefined;
      });
    }
    const command = COMMANDS.get(tokens[0]);
    if (command !== undefined) return command(this.#state, this.replies, tokens) ?? undefined;
    // A browser, or a web page that would have one speak to memcached.
    if (tokens.at(-1)?.startsWith('HTTP/')) return 'close';
    this.replies.line('ERROR');
    return undefined;
  }
}

/** Blanks part words; a zero byte ends the line. */
function words(line: string): string[] {
  const end = line.indexOf('\0');
  const tokens = (end < 0 ? line : line.slice(0, end)).split(' ');
  return tokens.includes('') ? tokens.filter((token) => token !== '') : tokens;
}
