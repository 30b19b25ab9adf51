import { cut, delay, drip, FaultProxy, garble, stall } from '../fault-proxy.js';
import { MemcachedServer } from '../memcached-server.js';

/** An embedded server, and what may go wrong on the way to it; each fault lasts until the next one or `heal()`. */
export class FaultyServer implements AsyncDisposable {
  readonly #server: MemcachedServer;
  readonly #proxy: FaultProxy;
  #isDown = false;

  private constructor(server: MemcachedServer, proxy: FaultProxy) {
    this.#server = server;
    this.#proxy = proxy;
  }

  /**
   * Starts a server and what stands before it.
   *
   * @param now the server's clock, in milliseconds since 1970.
   */
  static async start(now: () => number): Promise<FaultyServer> {
    const server = await MemcachedServer.start({ now });
    return new FaultyServer(server, await FaultProxy.start(server));
  }

  /** `host:port`, as a client takes it and as `topology()` names it. */
  get address(): string {
    return this.#proxy.address;
  }

  /** Its replies are held back, and come once it is healed. */
  stall(): void {
    this.#proxy.inject(stall);
  }

  /** Each connection is closed instead of a reply. */
  cut(): void {
    this.#proxy.inject(cut);
  }

  /** Random bytes stand among the replies. @param random a number from 0 up to, not including, 1. */
  garble(random: () => number = Math.random): void {
    this.#proxy.inject(garble(random));
  }

  /** Replies come byte by byte. @param everyMs milliseconds between two bytes. */
  drip(everyMs = 1): void {
    this.#proxy.inject(drip(everyMs));
  }

  /** Replies come late. @param byMs milliseconds. */
  slow(byMs: number): void {
    this.#proxy.inject(delay(byMs));
  }

  /** Connections are reset as soon as they are made, and those that there are now. */
  refuse(): void {
    this.#proxy.refuse();
    this.#proxy.resetAll();
  }

  /** Nobody listens at its address any more; what it holds, it keeps. */
  async down(): Promise<void> {
    if (this.#isDown) return;
    this.#isDown = true;
    await this.#proxy.down();
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    if (this.#isDown) await this.#proxy.up();
    this.#isDown = false;
    this.#proxy.heal();
  }

  /** Ends the server and closes its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isDown) await this.#proxy.close();
    await this.#server.close();
  }
}
