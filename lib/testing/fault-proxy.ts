import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { clearImmediate, clearTimeout, performance, setImmediate, setTimeout } from '../timers.js';

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

/** Everything comes late. */
export const delay =
  (delayMs: number): Fault =>
  (bytes, link) =>
    link.delay(bytes, delayMs);

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
  readonly #listener: Server;
  readonly #links = new Set<ProxiedLink>();
  #port = 0;
  #fault: Fault = pass;
  #refuses = false;
  #isClosed = false;
  /** Resolves once it listens, or does not, as was asked for last. */
  #changed = Promise.resolve();
  /** How many connections there have been. */
  connections = 0;
  readonly #onConnection: (() => void)[] = [];

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#listener = createServer({ noDelay: true }, (client) => {
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
    });
  }

  /** Listens on a free port and passes everything on to the target and back. */
  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.up();
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

  /** Does this to all that servers say from now on, and to what is still on its way because of the fault before. */
  inject(fault: Fault): void {
    this.#fault = fault;
    this.#refuses = false;
    for (const link of this.#links) link.passOn();
  }

  /** Accepts connections and resets them at once, until the next fault. */
  refuse(): void {
    this.#refuses = true;
  }

  /** Ends every connection, and listens no more: a machine that runs nothing there. */
  down(): Promise<void> {
    this.resetAll();
    return this.#listens(false);
  }

  /** Listens again, on the port it had. */
  up(): Promise<void> {
    return this.#listens(true);
  }

  /** Ends the fault; what is still on its way comes through. */
  heal(): void {
    this.inject(pass);
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const link of this.#links) link.reset();
  }

  /** Closes every connection as a server would that is stopped. */
  cutAll(): void {
    for (const link of this.#links) link.cut();
  }

  /** Ends every connection, and listens never again. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.down();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Begins or ends to listen, after all that was asked for before. */
  #listens(wanted: boolean): Promise<void> {
    const change = async (): Promise<void> => {
      if (!wanted) await this.#stopListening();
      else if (!this.#isClosed) await this.#listen();
    };
    const changed = this.#changed.then(change);
    this.#changed = changed.catch(() => undefined);
    return changed;
  }

  async #listen(): Promise<void> {
    if (this.#listener.listening) return;
    this.#listener.listen(this.#port, '127.0.0.1').unref();
    await once(this.#listener, 'listening');
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  async #stopListening(): Promise<void> {
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    // Those that have come since.
    this.resetAll();
    await closed;
  }
}

/** One client's way through the proxy: whatever is said leaves in the order in which it came. */
export interface Link {
  /** Passes bytes on to the client. */
  toClient(bytes: Buffer): void;
  /** Keeps bytes back until the fault is over. */
  hold(bytes: Buffer): void;
  /** Passes bytes on so long after they came. */
  delay(bytes: Buffer, delayMs: number): void;
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

/** Bytes on their way to the client. */
interface Piece {
  readonly bytes: Buffer;
  /** Calls back when they leave, counted from when they are the first in the queue; returns what calls that off. */
  readonly wait: ((leave: () => void) => () => void) | undefined;
}

class ProxiedLink implements Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #onReply: (bytes: Buffer) => void;
  readonly #queue: Piece[] = [];
  /** Calls off what the first of the queue waits for. */
  #callOff: (() => void) | undefined;

  constructor(client: Socket, server: Socket, onReply: (bytes: Buffer) => void) {
    this.#client = client;
    this.#server = server;
    this.#onReply = onReply;
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', onReply);
    // Whoever goes takes the other along; errors are followed by a close.
    client.on('error', () => {}).once('close', () => this.#end(server));
    server.on('error', () => {}).once('close', () => this.#end(client));
  }

  toClient(bytes: Buffer): void {
    this.#add(bytes, undefined);
  }

  hold(bytes: Buffer): void {
    this.#add(bytes, () => () => {});
  }

  delay(bytes: Buffer, delayMs: number): void {
    const due = performance.now() + delayMs;
    this.#add(bytes, (leave) => {
      const timer = setTimeout(leave, Math.max(0, due - performance.now())).unref();
      return () => clearTimeout(timer);
    });
  }

  drip(bytes: Buffer, everyMs: number): void {
    for (let index = 0; index < bytes.length; index += 1) {
      this.#add(bytes.subarray(index, index + 1), (leave) => {
        const timer = setTimeout(leave, everyMs);
        return () => clearTimeout(timer);
      });
    }
  }

  split(bytes: Buffer): void {
    let start = 0;
    while (start < bytes.length) {
      const isData = start >= SPLIT_ENDS && bytes.length - start > SPLIT_ENDS;
      const end = isData ? bytes.length - SPLIT_ENDS : start + 1;
      this.#add(bytes.subarray(start, end), (leave) => {
        const turn = setImmediate(leave);
        return () => clearImmediate(turn);
      });
      start = end;
    }
  }

  cut(): void {
    this.#client.end(() => this.#client.destroy());
    this.#server.destroy();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  /** Gives what is still on its way to the fault that there is now. */
  passOn(): void {
    const left = this.#takeQueue();
    if (left.length > 0) this.#onReply(Buffer.concat(left));
  }

  #add(bytes: Buffer, wait: Piece['wait']): void {
    this.#queue.push({ bytes, wait });
    if (this.#callOff === undefined) this.#sendNext();
  }

  /** Sends what waits for nothing, up to the first piece that does. */
  #sendNext(): void {
    for (let piece = this.#queue[0]; piece !== undefined; piece = this.#queue[0]) {
      const { bytes, wait } = piece;
      if (wait !== undefined) {
        this.#callOff = wait(() => {
          this.#callOff = undefined;
          this.#send(bytes);
          this.#sendNext();
        });
        return;
      }
      this.#send(bytes);
    }
  }

  #send(bytes: Buffer): void {
    this.#queue.shift();
    if (bytes.length > 0 && this.#client.writable) this.#client.write(bytes);
  }

  #takeQueue(): Buffer[] {
    this.#callOff?.();
    this.#callOff = undefined;
    return this.#queue.splice(0).map(({ bytes }) => bytes);
  }

  #end(other: Socket): void {
    this.#takeQueue();
    other.destroy();
  }
}
