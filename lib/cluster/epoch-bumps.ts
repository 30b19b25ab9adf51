import type { Reply } from '../protocol/reply.js';
import { Request, unexpectedReply, type ReplyReader } from '../protocol/request.js';
import { performance } from '../timers.js';
import { unixMs } from '../unix-time.js';
import type { EpochNames } from './epoch-names.js';

/**
 * How long a server's answer holds that nobody has a near cache in front of its items. Who begins to have one waits for longer
 * than that after it has said so (`MARK_HOLDS_MS` of `near/`), so that whoever changes something by then knows of it.
 */
export const MARK_ANSWER_MS = 2000;

/** Continued in a microtask. */
const RESOLVED = Promise.resolve();

/**
 * Tells near caches of what changes on one server: bumps the epoch of a changed key by deleting it, for as long as the server
 * says that there are near caches, and whenever it has not been asked of late.
 */
export class EpochBumps {
  readonly #server: Sender;
  readonly #names: EpochNames;
  readonly #timeoutMs: number;
  /** When the question was sent that was answered last. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The same by the time of day. */
  #askedAtUnix = Number.NEGATIVE_INFINITY;
  #isMarked = false;
  #asking: Promise<void> | undefined;
  #glancedAt = 0;
  readonly #glanceAnew = (): void => void (this.#glancedAt = 0);
  /** Bumps that have not left yet, which will do for whatever has changed by now. */
  readonly #unsent = new Map<number, { readonly request: Request; readonly done: Promise<void> }>();

  /** @param timeoutMs for the answer to each of its requests. */
  constructor(server: Sender, names: EpochNames, timeoutMs: number) {
    this.#server = server;
    this.#names = names;
    this.#timeoutMs = timeoutMs;
  }

  /** Asks whether there are near caches, if that will have to be known soon: in one write with what is being sent now. */
  ask(): void {
    if (this.#asking !== undefined || this.#glance() - this.#askedAt < MARK_ANSWER_MS / 2) return;
    const [askedAt, askedAtUnix] = [performance.now(), unixMs()];
    const question = this.#request('get', this.#names.mark, readPresence);
    this.#asking = this.#sent(question)
      .then((isMarked) => {
        this.#askedAt = askedAt;
        this.#askedAtUnix = askedAtUnix;
        this.#isMarked = isMarked as boolean;
      })
      // Who does not know bumps.
      .catch(() => undefined)
      .finally(() => (this.#asking = undefined));
  }

  /**
   * To be called once a key has changed, and before whoever changed it is told.
   *
   * @param wireKey the key.
   * @returns undefined where nobody is to be told of it. Otherwise what resolves when the epoch is bumped, and rejects when
   *   it may not be.
   */
  bump(wireKey: string): Promise<void> | undefined {
    const isKnown = this.#age() < MARK_ANSWER_MS;
    if ((isKnown && !this.#isMarked) || this.#names.isEpoch(wireKey)) return undefined;
    return isKnown ? this.#bump(wireKey) : this.#askAndBump(wireKey);
  }

  /** The request that bumps the epoch of a key. */
  requestFor(wireKey: string): Request {
    return this.#request('delete', this.epochOf(wireKey), () => true);
  }

  /** The wire key of a key's epoch. */
  epochOf(wireKey: string): string {
    return this.#names.of(this.#names.shardOf(wireKey));
  }

  async #askAndBump(wireKey: string): Promise<void> {
    this.ask();
    await this.#asking;
    if (this.#isMarked || this.#age() >= MARK_ANSWER_MS) await this.#bump(wireKey);
  }

  #bump(wireKey: string): Promise<void> {
    const shard = this.#names.shardOf(wireKey);
    const unsent = this.#unsent.get(shard);
    if (unsent !== undefined && unsent.request.progress === 'new' && !unsent.request.settled)
      return unsent.done;
    const request = this.requestFor(wireKey);
    const done = this.#sent(request).then(() => undefined);
    const bump = { request, done };
    const end = (): void => {
      if (this.#unsent.get(shard) === bump) this.#unsent.delete(shard);
    };
    done.then(end, end);
    this.#unsent.set(shard, bump);
    return done;
  }

  /** The time as of not long ago: who reads the clock for each of many changes pays more for that than for all the rest. */
  #glance(): number {
    if (this.#glancedAt === 0) {
      this.#glancedAt = performance.now();
      void RESOLVED.then(this.#glanceAnew);
    }
    return this.#glancedAt;
  }

  #age(): number {
    // The first stands still while the machine sleeps, the second may be set back.
    return Math.max(performance.now() - this.#askedAt, unixMs() - this.#askedAtUnix);
  }

  #request(kind: 'get' | 'delete', wireKey: string, read: ReplyReader): Request {
    const request = new Request(kind, wireKey, read);
    request.userKey = request.routingKey = wireKey;
    request.timeoutMs = this.#timeoutMs;
    return request;
  }

  #sent(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject = reject;
      this.#server.sendAlong(request);
    });
  }
}

/** Takes what is part of requests to one server. */
interface Sender {
  sendAlong(request: Request): void;
}

/** Whether something is there, in either dialect. */
function readPresence(reply: Reply, request: Request): unknown {
  switch (reply.status) {
    case 'value':
      if (!reply.more) return true;
      request.gathered = true;
      return undefined;
    case 'end':
      return request.gathered === true;
    case 'not-found':
      return false;
    default:
      throw unexpectedReply(reply, request);
  }
}
