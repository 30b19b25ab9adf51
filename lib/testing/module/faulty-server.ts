import { cut, delay, drip, type Fault, FaultProxy, garble, pass, stall } from '../fault-proxy.js';
import { MemcachedServer } from '../memcached-server.js';

/** An embedded server, and what may go wrong on the way to it; each fault lasts until the next one or `heal()`. */
export class FaultyServer implements AsyncDisposable {
  readonly #server: MemcachedServer;
  readonly #proxy: FaultProxy;

  private constructor(server: MemcachedServer, proxy: FaultProxy) {
    this.#server = server;
    this.#proxy = proxy;
  }

  /**
   * Starts a server and what stands before it.
   *
   * @param now the server's clock, in milliseconds since 1970; the time of day unless told.
   */
  static async start(now?: () => number): Promise<FaultyServer> {
    const server = await MemcachedServer.start({ now });
    // A module that fails to start is never closed; the process ends all the same, and connections keep it until they end.
    server.unref();
    return new FaultyServer(server, await FaultProxy.start(server));
  }

  /** `host:port`, as a client takes it and as `topology()` names it. */
  get address(): string {
    return this.#proxy.address;
  }

  /** Lets all that it holds be older by so many milliseconds. */
  age(byMs: number): void {
    this.#server.age(byMs);
  }

  /** Its replies are held back, and come once it is healed, or as the next fault has it. */
  stall(): void {
    this.#suffer(stall);
  }

  /** Each connection is closed instead of a reply. */
  cut(): void {
    this.#suffer(cut);
  }

  /** Random bytes stand among the replies. @param random a number from 0 up to, not including, 1. */
  garble(random: () => number = Math.random): void {
    this.#suffer(garble(random));
  }

  /** Replies come byte by byte. @param everyMs milliseconds between two bytes. */
  drip(everyMs = 1): void {
    this.#suffer(drip(everyMs));
  }

  /** Replies come late. @param byMs milliseconds. */
  slow(byMs: number): void {
    this.#suffer(delay(byMs));
  }

  /** Connections are reset as soon as they are made, and those that there are now. */
  refuse(): void {
    this.#proxy.resetAll();
    this.#suffer(pass);
    this.#proxy.refuse();
  }

  /** Nobody listens at its address any more; what it holds, it keeps. */
  down(): Promise<void> {
    return this.#proxy.down();
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    this.#proxy.heal();
    await this.#proxy.up();
  }

  /** Ends the server and closes its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.close();
    await this.#server.close();
  }

  /** Begins a fault, which ends the one before: that it is down, too. */
  #suffer(fault: Fault): void {
    this.#proxy.inject(fault);
    void this.#proxy.up();
  }
}
