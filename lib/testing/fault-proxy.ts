import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { clearInterval, nextTurn, setInterval, setTimeout } from '../timers.js';

/** So many bytes at either end of a long piece are passed on one by one by `split`. */
const SPLIT_ENDS = 64;

/** No fault. */
export const pass: Fault = (bytes, link) => link.toClient(bytes);

/** Nothing comes through, and everything once the fault is over. */
export const stall: Fault = (bytes, link) => link.hold(bytes);

/** Nothing ever comes through. */
export const blackhole: Fault = () => {};

/** So many bytes come through, and nothing after them. */
export const silence =
  (afterBytes: number): Fault =>
  (bytes, link) => {
    link.toClient(bytes.subarray(0, afterBytes));
    afterBytes = Math.max(0, afterBytes - bytes.length);
  };

/** One byte at a time. */
export const drip =
  (everyMs: number): Fault =>
  (bytes, link) =>
    link.drip(bytes, everyMs);

/**
 * Everything arrives in pieces of one byte, each in a turn of the event loop of its own. Of long pieces only the ends, so
 * that large values do not take minutes: what is cut there is nothing but data.
 */
export const bytewise: Fault = (bytes, link) => link.split(bytes);

/** Everything comes late, in order. */
export const delay =
  (delayMs: number): Fault =>
  (bytes, link) =>
    void setTimeout(() => link.toClient(bytes), delayMs).unref();

/** The connection is closed before the client hears anything. */
export const cut: Fault = (_bytes, link) => link.cut();

/** The connection is reset. */
export const reset: Fault = (_bytes, link) => link.reset();

/** The connection is closed in the middle of what is said. */
export const truncate: Fault = (bytes, link) => {
  link.toClient(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  link.cut();
};

/** Everything is said twice. */
export const duplicate: Fault = (bytes, link) => {
  link.toClient(bytes);
  link.toClient(bytes);
};

/** The first reply is left out, so that those behind it answer for it. */
export const swallowFirst: Fault = (bytes, link) => {
  const end = bytes.indexOf('\r\n');
  link.toClient(bytes.subarray(end < 0 ? bytes.length : end + 2));
};

/** Random bytes stand somewhere among the others. */
export const garble =
  (random: () => number): Fault =>
  (bytes, link) => {
    const at = Math.floor(random() * (bytes.length + 1));
    const noise = Buffer.from(
      Array.from({ length: 1 + Math.floor(random() * 20) }, () => Math.floor(random() * 256)),
    );
    link.toClient(Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]));
  };

/** Something else is said instead. */
export const instead =
  (text: string): Fault =>
  (_bytes, link) =>
    link.toClient(Buffer.from(text, 'latin1'));

/** Only every so many pieces suffer the fault. */
export const every = (count: number, fault: Fault): Fault => {
  let seen = 0;
  return (bytes, link) => {
    seen += 1;
    (seen % count === 0 ? fault : pass)(bytes, link);
  };
};

/** A TCP proxy before a server that does to its replies whatever a test wants, at any time. */
export class FaultProxy implements AsyncDisposable {
  #listener: Server;
  readonly #links = new Set<ProxiedLink>();
  readonly #accept: (client: Socket) => void;
  #port = 0;
  #fault: Fault = pass;
  #refuses = false;
  /** How many connections there have been. */
  connections = 0;
  readonly #onConnection: (() => void)[] = [];

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#accept = (client) => {
      this.connections += 1;
      if (this.#refuses) {
        client.on('error', () => {}).resetAndDestroy();
        return;
      }
      const server = connect({ host: target.host, port: target.port, noDelay: true });
      const link = new ProxiedLink(client, server, (bytes) => this.#fault(bytes, link));
      this.#links.add(link);
      client.once('close', () => this.#links.delete(link));
      for (const tell of this.#onConnection.splice(0)) tell();
    };
    this.#listener = createServer({ noDelay: true }, this.#accept);
  }

  /** Listens on a free port and passes everything on to the target and back. */
  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#links.size;
  }

  /** Resolves with the next connection. */
  nextConnection(): Promise<void> {
    return new Promise((resolve) => this.#onConnection.push(resolve));
  }

  /** Does this to all that servers say from now on. */
  inject(fault: Fault): void {
    this.#fault = fault;
  }

  /** Accepts connections and resets them at once, until it is healed. */
  refuse(): void {
    this.#refuses = true;
  }

  /** Ends every connection, and listens no more: a machine that runs nothing there. */
  async down(): Promise<void> {
    for (const link of this.#links) link.reset();
    await this.#stopListening();
  }

  /** Listens again, on the port it had. */
  async up(): Promise<void> {
    this.#listener = createServer({ noDelay: true }, this.#accept);
    await this.#listen();
  }

  /** Ends the fault; what was held back comes through. */
  heal(): void {
    this.#fault = pass;
    this.#refuses = false;
    for (const link of this.#links) link.release();
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const link of this.#links) link.reset();
  }

  /** Closes every connection as a server would that is stopped. */
  cutAll(): void {
    for (const link of this.#links) link.cut();
  }

  async close(): Promise<void> {
    await this.down();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(): Promise<void> {
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  #stopListening(): Promise<unknown> {
    return new Promise((resolve) => void this.#listener.close(resolve));
  }
}

/** One client's way through the proxy. */
export interface Link {
  /** Passes bytes on to the client. */
  toClient(bytes: Buffer): void;
  /** Keeps bytes back until the fault is over. */
  hold(bytes: Buffer): void;
  /** Passes bytes on one by one. */
  drip(bytes: Buffer, everyMs: number): void;
  /** Passes bytes on one by one, one in each turn of the event loop. */
  split(bytes: Buffer): void;
  /** Closes the connection to the client as a server would, after what was passed on. */
  cut(): void;
  /** Resets the connection to the client. */
  reset(): void;
}

/** What happens to a piece of what the server says. */
export type Fault = (bytes: Buffer, link: Link) => void;

class ProxiedLink implements Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #held: Buffer[] = [];
  readonly #dripping: Buffer[] = [];
  #dripTimer: NodeJS.Timeout | undefined;
  #splitting = Promise.resolve();

  constructor(client: Socket, server: Socket, onReply: (bytes: Buffer) => void) {
    this.#client = client;
    this.#server = server;
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', onReply);
    // Whoever goes takes the other along; errors are followed by a close.
    client.on('error', () => {}).once('close', () => this.#end(server));
    server.on('error', () => {}).once('close', () => this.#end(client));
  }

  toClient(bytes: Buffer): void {
    if (bytes.length > 0 && this.#client.writable) this.#client.write(bytes);
  }

  hold(bytes: Buffer): void {
    this.#held.push(bytes);
  }

  release(): void {
    for (const bytes of this.#held.splice(0)) this.toClient(bytes);
  }

  drip(bytes: Buffer, everyMs: number): void {
    for (let index = 0; index < bytes.length; index += 1)
      this.#dripping.push(bytes.subarray(index, index + 1));
    this.#dripTimer ??= setInterval(() => {
      const byte = this.#dripping.shift();
      if (byte !== undefined) this.toClient(byte);
    }, everyMs);
  }

  split(bytes: Buffer): void {
    this.#splitting = this.#splitting.then(() => this.#passPieces(bytes));
  }

  cut(): void {
    this.#client.end(() => this.#client.destroy());
    this.#server.destroy();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  async #passPieces(bytes: Buffer): Promise<void> {
    let start = 0;
    while (start < bytes.length && this.#client.writable) {
      const isData = start >= SPLIT_ENDS && bytes.length - start > SPLIT_ENDS;
      const end = isData ? bytes.length - SPLIT_ENDS : start + 1;
      this.toClient(bytes.subarray(start, end));
      start = end;
      await nextTurn();
    }
  }

  #end(other: Socket): void {
    clearInterval(this.#dripTimer);
    other.destroy();
  }
}
