import { InvalidArgumentError } from '../errors.js';
import type { NearCacheBusListener } from '../near-cache-bus.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../timers.js';

/** One connection, or channel, of a bus to its broker, from its opening to its end. */
export interface BusTransport {
  /** Settles when it can be used, or never will be. */
  readonly opened: Promise<void>;
  /** Asks the other side for a sign of life, where nothing else would. */
  ping?(): Promise<unknown>;
  /** Gives up what is of no use any more, opened or not. Does not throw. */
  drop(): void;
  /** Ends it in order, opened or not. Does not reject, and ends soon whatever the other side does. */
  close(): Promise<void>;
}

/** @param lost to be called when the transport is of no use any more; any number of times. */
export type OpenTransport<T extends BusTransport> = (lost: () => void) => T;

/** How long the end of a transport waits for the other side, in milliseconds: it may be dead, and nobody has told. */
const CLOSE_LIMIT_MS = 1000;

/** Pause before the first new attempt, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = 100;

const LONGEST_PAUSE_MS = 5000;

/** Signs of life that may be missing in a row: a process that stood still sees late what had come in time. */
const LOST_AFTER_PINGS = 2;

/** How a transport is kept. */
export interface KeptTransportSettings<T> {
  /** How long it may take to open; 0: as long as it likes. */
  readonly openMs: number;
  /** How often it is asked for a sign of life; 0: never. */
  readonly pingMs: number;
  /** Called each time that one is open, before anybody is told. */
  opened?(transport: T): void;
}

/** Keeps a transport open: tells when it is lost and when it is back, and tries again until it is closed. */
export class KeptTransport<T extends BusTransport> {
  readonly #open: OpenTransport<T>;
  readonly #settings: KeptTransportSettings<T>;
  #transport: T | undefined;
  /** What hears the bus, until it is closed. */
  listener: NearCacheBusListener | undefined;
  #hasOpened: (() => void) | undefined;
  #isOpen = false;
  #isClosed = false;
  #pauseMs = FIRST_PAUSE_MS;
  #waiting: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;

  constructor(open: OpenTransport<T>, settings: KeptTransportSettings<T>) {
    this.#open = open;
    this.#settings = settings;
  }

  /** The transport, while it can be used. */
  get current(): T | undefined {
    return this.#isOpen ? this.#transport : undefined;
  }

  /**
   * Resolves when the transport is open for the first time. What is lost and comes back later the listener is told.
   *
   * @throws {InvalidArgumentError} (a rejection) for a second one, also after the end: what it would hear is the first's.
   */
  start(listener: NearCacheBusListener): Promise<void> {
    if (this.#isClosed || this.listener !== undefined) {
      const problem = this.#isClosed ? 'the bus was closed' : 'the bus has another near cache';
      return Promise.reject(
        new InvalidArgumentError(`${problem}; make one for each module and each start, as by forRootAsync`),
      );
    }
    this.listener = listener;
    return new Promise((resolve) => {
      this.#hasOpened = resolve;
      this.#attempt();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.listener = undefined;
    const transport = this.#forget();
    await transport?.close();
  }

  #attempt(): void {
    if (this.#isClosed) return;
    const transport = this.#open(() => this.#lose(transport));
    this.#transport = transport;
    const { openMs } = this.#settings;
    if (openMs > 0) this.#waiting = setTimeout(() => this.#lose(transport), openMs).unref();
    transport.opened.then(
      () => this.#use(transport),
      () => this.#lose(transport),
    );
  }

  #use(transport: T): void {
    if (this.#transport !== transport) return;
    clearTimeout(this.#waiting);
    this.#isOpen = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#watch(transport);
    this.#settings.opened?.(transport);
    if (this.#hasOpened === undefined) {
      this.listener?.connected(true);
    } else {
      this.#hasOpened();
      this.#hasOpened = undefined;
    }
  }

  #watch(transport: T): void {
    const { pingMs } = this.#settings;
    if (transport.ping === undefined || pingMs === 0) return;
    let unanswered = 0;
    const beat = () => {
      if (unanswered >= LOST_AFTER_PINGS) return this.#lose(transport);
      unanswered += 1;
      transport.ping?.().then(
        () => (unanswered = 0),
        () => this.#lose(transport),
      );
    };
    this.#pinging = setInterval(beat, pingMs).unref();
  }

  #lose(transport: T): void {
    if (this.#transport !== transport) return;
    const wasOpen = this.#isOpen;
    this.#forget();
    transport.drop();
    // Not all at once, where many processes have lost the same broker.
    const pauseMs = this.#pauseMs * (0.5 + Math.random() / 2);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#waiting = setTimeout(() => this.#attempt(), pauseMs).unref();
    if (wasOpen) this.listener?.connected(false);
  }

  #forget(): T | undefined {
    const transport = this.#transport;
    this.#transport = undefined;
    this.#isOpen = false;
    clearTimeout(this.#waiting);
    clearInterval(this.#pinging);
    return transport;
  }
}

/** Resolves with the end of what a transport does last, however it ends, and before it where that takes too long. */
export async function beforeLimit(work: Promise<unknown>): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    limit = setTimeout(resolve, CLOSE_LIMIT_MS);
  });
  await Promise.race([work.catch(() => {}), patience]);
  clearTimeout(limit);
}
