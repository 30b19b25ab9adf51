import type { Connection } from '../connection/connection.js';
import { isOutOfConnections } from '../connection/negotiation.js';
import { ConnectionError, ServerError, UnsupportedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import { clearTimeout, performance, setTimeout } from '../timers.js';
import { dumpKeys, isBusy } from './key-dump.js';
import type { OwedInvalidations } from './owed-invalidations.js';

/** Between two looks through all keys of a server, the first of which has come to its end. */
const LOOK_PAUSE_MS = 60_000;

/** A look that has not is repeated after this pause, which doubles up to the other. */
const FIRST_PAUSE_MS = 1000;

/**
 * Looks through all keys of one server for those that it is owed and that cannot be listed: again and again until one look
 * has seen them all, as long as the server is there and lists its keys.
 */
export class OwedSearch {
  readonly #owed: OwedInvalidations;
  readonly #options: ResolvedClientOptions;
  readonly #delivery: Delivery;
  /** Made where there is something to end: most nodes never have any. */
  #closing: AbortController | undefined;
  /** To the server, while it can be reached. */
  #connection: Connection | undefined;
  #isLooking = false;
  /** What is there lists no keys: nothing is gained by asking again, unless something else takes its place. */
  #isRefused = false;
  /** How often in a row it hung up in the classic dialect, as a proxy does over that question. */
  #hangUps = 0;
  #nextAt = 0;
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param delivery what delivers the keys that are found. */
  constructor(owed: OwedInvalidations, options: ResolvedClientOptions, delivery: Delivery) {
    this.#owed = owed;
    this.#options = options;
    this.#delivery = delivery;
  }

  /** The server can be reached: looks as soon as that may be, if there is anything to look for. */
  begin(connection: Connection): void {
    this.#connection = connection;
    if (!this.#owed.overflows || this.#isLooking || this.#timer !== undefined) return;
    const waitMs = this.#nextAt - performance.now();
    if (waitMs <= 0) void this.#look(connection);
    else if (!this.#isRefused) this.#timer = setTimeout(() => this.#again(), waitMs).unref();
  }

  /** The server cannot be reached; a look that is under way sees for itself. */
  stop(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ends what is under way, too. */
  close(): void {
    this.#closing?.abort();
    this.stop();
  }

  #again(): void {
    this.#timer = undefined;
    if (this.#connection !== undefined) this.begin(this.#connection);
  }

  async #look({ server, dialect }: Connection): Promise<void> {
    this.#isLooking = true;
    this.#nextAt = performance.now() + LOOK_PAUSE_MS;
    try {
      const isThrough = await this.#owed.sift(this.#keysOf(server), () => this.#delivery.finish());
      this.#isRefused = false;
      this.#hangUps = 0;
      if (isThrough) this.#pauseMs = 0;
      else this.#pause();
    } catch (error) {
      this.#hangUps = error instanceof ConnectionError && dialect === 'classic' ? this.#hangUps + 1 : 0;
      // They stay owed, and are invalidated when they are asked for.
      this.#isRefused = this.#hangUps > 1 || isRefusedListing(error);
      if (!this.#isRefused) this.#pause();
    }
    this.#isLooking = false;
    this.#delivery.begin();
    this.#again();
  }

  /** A fleet of processes is not to ask at once, since a server lists its keys for one at a time. */
  #pause(): void {
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LOOK_PAUSE_MS);
    this.#nextAt = performance.now() + this.#pauseMs * (1 - Math.random() / 2);
  }

  /** All keys of a server, twice: an older one may leave out what it moves among its lists meanwhile. */
  async *#keysOf(server: ServerAddress): AsyncGenerator<string> {
    const closing = (this.#closing ??= new AbortController());
    for (let pass = 0; pass < 2; pass += 1) yield* dumpKeys(server, this.#options, closing.signal);
  }
}

/** Whether a server says that it never lists its keys, rather than that it cannot now. */
function isRefusedListing(error: unknown): boolean {
  if (!(error instanceof ServerError)) return error instanceof UnsupportedError;
  const passes = isBusy(error) || isOutOfConnections(error) || error.reply.startsWith('SERVER_ERROR');
  return !passes;
}

/** Delivers what is owed and listed. */
interface Delivery {
  /** Begins, where nothing is under way. */
  begin(): void;
  /** Resolves once all is delivered, or some could not be. */
  finish(): Promise<void>;
}
