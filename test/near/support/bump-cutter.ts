import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A bump of an epoch, in either dialect. */
const BUMP = /(?:^|\n)(?:delete|md) \S*~epoch:/;

/** What becomes of the next bump: it does not reach the server, or its answer does not come back. */
export type CutBump = 'not sent' | 'answer lost';

/**
 * The way of one process to its server, which is cut at the next bump of an epoch, after what came before it was answered. Then
 * nobody is let through until `up()`.
 */
export class BumpCutter {
  /** Bumps that were cut off. */
  cuts = 0;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #listener: Server;
  #cut: CutBump | undefined;
  #isDown = false;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#listener = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<BumpCutter> {
    const cutter = new BumpCutter(target);
    cutter.#listener.listen(0, '127.0.0.1');
    await once(cutter.#listener, 'listening');
    return cutter;
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  cutNext(cut: CutBump): void {
    this.#cut = cut;
  }

  down(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  up(): void {
    this.#isDown = false;
  }

  async close(): Promise<void> {
    this.down();
    await new Promise((resolve) => void this.#listener.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#isDown) {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    }
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    let isLost = false;
    client.on('data', (bytes) => {
      const cut = BUMP.test(bytes.toString('latin1')) ? this.#cut : undefined;
      if (cut !== undefined) {
        this.#cut = undefined;
        this.cuts += 1;
        isLost = true;
        if (cut === 'not sent') return this.down();
      }
      server.write(bytes);
      return undefined;
    });
    server.on('data', (bytes) => {
      if (isLost) this.down();
      else client.write(bytes);
    });
  }
}
