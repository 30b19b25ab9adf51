import { expect } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CasNumbers, type Section, unescape } from './transcript.js';

/** Answered in one line by every server, and by nothing else in that way: when it is there, everything before it is. */
const SENTINEL = 'mg sentinel k O9\r\n';
const SENTINEL_REPLY = 'EN ksentinel O9\r\n';

/** Silence after which a reply is taken for all that will come, so that a test fails by showing it. */
const SILENCE_MS = 10_000;

/** One connection to a server, spoken to in latin1 strings that stand for bytes. */
export class Conversation {
  readonly #socket: Socket;
  #received = '';
  #lines = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#lines = countLines(this.#received);
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
    // A reset is a way to close, too.
    socket.on('error', () => undefined);
  }

  static async open({ host, port }: { host: string; port: number }): Promise<Conversation> {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, 'connect');
    return new Conversation(socket);
  }

  send(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Sends bytes in separate writes, and waits after each until it has left this process. */
  async sendOneByOne(bytes: string): Promise<void> {
    for (const byte of bytes) {
      await new Promise((resolve) => this.#socket.write(byte, 'latin1', resolve));
    }
  }

  /** Takes what has come, once it has that many line feeds. */
  async take(lines: number): Promise<string> {
    await this.#until(() => this.#lines >= lines);
    return this.#takeAll();
  }

  /** Takes what comes until the server closes the connection. */
  async takeUntilClosed(): Promise<string> {
    await this.#until(() => false);
    return this.#takeAll();
  }

  get closed(): boolean {
    return this.#ended;
  }

  /** Tells the server that nothing more is coming. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(enough: () => boolean): Promise<void> {
    while (!enough() && !this.#ended) {
      const silent = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), SILENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
      });
      this.#wake = undefined;
      if (silent) return;
    }
  }

  #takeAll(): string {
    const text = this.#received;
    this.#received = '';
    this.#lines = 0;
    return text;
  }
}

/** What went over the wire in one exchange. */
export interface Spoken {
  readonly request: string;
  readonly reply: string;
}

/**
 * Plays a section on a fresh server and expects what the transcript says, and not a byte more.
 *
 * @returns the bytes of every exchange.
 */
export async function play(section: Section, server: { host: string; port: number }): Promise<Spoken[]> {
  const conversation = await Conversation.open(server);
  const cas = new CasNumbers();
  const spoken: Spoken[] = [];
  try {
    for (const { line, request: source, reply: expected, closes } of section.exchanges) {
      const request = unescape(cas.fill(source));
      const wanted = unescape(expected);
      conversation.send(request);
      let reply = await conversation.take(countLines(wanted));
      if (closes) {
        reply += await conversation.takeUntilClosed();
        expect({ line, closed: conversation.closed }).toEqual({ line, closed: true });
      } else if (!section.auth) {
        conversation.send(SENTINEL);
        while (!reply.endsWith(SENTINEL_REPLY) && !conversation.closed) reply += await conversation.take(1);
        reply = reply.slice(0, -SENTINEL_REPLY.length);
      }
      expect({ line, reply: shown(reply) }).toEqual({ line, reply: shown(cas.expect(wanted, reply)) });
      spoken.push({ request, reply });
    }
    if (!conversation.closed) {
      conversation.end();
      expect(await conversation.takeUntilClosed()).toBe('');
    }
    return spoken;
  } finally {
    conversation.close();
  }
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Long replies by their ends and length: a difference of two megabytes helps nobody. */
function shown(reply: string): string {
  return reply.length > 2000
    ? `${reply.slice(0, 200)} … ${reply.length} bytes … ${reply.slice(-200)}`
    : reply;
}
