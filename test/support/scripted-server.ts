import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** The server's side of one connection, played by a test. */
export class Peer {
  readonly socket: Socket;
  /** Settles when the connection is gone. */
  readonly gone: Promise<void>;
  #text = '';
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake?.();
    });
    // A test may cut the connection in the middle of a write.
    socket.on('error', () => {});
    this.gone = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  /** The next line without its end; `undefined` once the connection is gone. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next lines. */
  async lines(count: number): Promise<(string | undefined)[]> {
    const lines: (string | undefined)[] = [];
    while (lines.length < count) lines.push(await this.line());
    return lines;
  }

  /** Sends text, one character per byte. */
  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Answers what a client asks first: as a memcached of today, or as an older one that has no meta commands. */
  async negotiate(version = '1.6.18', settings = 'ERROR\r\n'): Promise<void> {
    await this.line();
    this.send(`VERSION ${version}\r\n`);
    if (!version.startsWith('1.6.')) return;
    await this.lines(3); // mn, stats, stats settings
    this.send(`MN\r\nERROR\r\n${settings}`);
  }

  /** Answers line by line, until a script has no answer or the connection is gone. */
  async answer(script: (line: string) => string | undefined): Promise<void> {
    for (;;) {
      const line = await this.line();
      const reply = line === undefined ? undefined : script(line);
      if (reply === undefined) return;
      this.send(reply);
    }
  }

  hangUp(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** A server that does whatever a test says. */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #peers: Peer[] = [];

  private constructor(server: Server, event: string, script: (peer: Peer) => unknown) {
    this.#server = server;
    server.on(event, (socket: Socket) => {
      const peer = new Peer(socket);
      this.#peers.push(peer);
      void script(peer);
    });
  }

  /**
   * Starts to listen on a free port.
   *
   * @param script plays one connection.
   * @param tls certificate and key, for a server that speaks TLS.
   */
  static async start(script: (peer: Peer) => unknown, tls?: TlsOptions): Promise<ScriptedServer> {
    const scripted =
      tls === undefined
        ? new ScriptedServer(createServer(), 'connection', script)
        : new ScriptedServer(createTlsServer(tls), 'secureConnection', script);
    const server = scripted.#server;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The connections so far, the closed ones among them. */
  get peers(): readonly Peer[] {
    return this.#peers;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.hangUp();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
