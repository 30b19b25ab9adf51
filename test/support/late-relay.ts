import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A way to a server on which bytes can be held up, and arrive although the client has long given the connection up: what a
 * proxy between does, or the kernel of a machine that was cut off.
 */
export class LateRelay implements AsyncDisposable {
  readonly #listener: Server;
  readonly #servers = new Set<Socket>();
  #holds: ((bytes: string) => boolean) | undefined;
  #onHeld: (() => void) | undefined;
  readonly #held: { readonly client: Socket; readonly server: Socket; readonly bytes: Buffer }[] = [];

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  static async before(port: number): Promise<LateRelay> {
    const listener = createServer();
    const relay = new LateRelay(listener);
    listener.on('connection', (client: Socket) => relay.#pass(client, port));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return relay;
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Holds up what satisfies the condition, and everything that follows on its connection. Resolves once there is some. */
  hold(what: (bytes: string) => boolean): Promise<void> {
    this.#holds = what;
    return new Promise((resolve) => {
      this.#onHeld = resolve;
    });
  }

  /** Their client loses the connections on which something is held up. */
  reset(): void {
    for (const { client } of this.#held) client.resetAndDestroy();
  }

  /** What was held up arrives. Resolves once the server has carried it out. */
  async deliver(): Promise<void> {
    this.#holds = undefined;
    for (const { server, bytes } of this.#held) server.write(bytes);
    const over = new Set(this.#held.map(({ server }) => server));
    await Promise.all(
      Array.from(over, async (server) => {
        server.end();
        await once(server, 'close');
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.destroy();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #pass(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1');
    this.#servers.add(server);
    let held = false;
    client.on('data', (bytes: Buffer) => {
      held ||= this.#holds?.(bytes.toString('latin1')) === true;
      if (!held) {
        server.write(bytes);
        return;
      }
      this.#held.push({ client, server, bytes });
      this.#onHeld?.();
    });
    server.on('data', (bytes: Buffer) => void (client.destroyed || client.write(bytes)));
    client.on('error', () => {}).on('close', () => void (held || server.destroy()));
    server.on('error', () => {}).on('close', () => client.destroy());
  }
}
