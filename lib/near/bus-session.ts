import { randomBytes } from 'node:crypto';
import { BoundedMap } from '../bounded-map.js';
import { type Clock, within } from '../cache/clock.js';
import type { NearCacheBus, NearCacheBusListener } from '../near-cache-bus.js';
import { ALL_CHANGED, type BusWord, CHANGED, GOODBYE, readMessage, writeMessage } from './bus-message.js';
import { BusSenders } from './bus-senders.js';

/** So many heartbeats come in `maxAge`; half of them may be missed until the bus counts as lost. */
const HEARTBEATS = 6;

/** Hashes that a process sends in a second at most; beyond that it says that all has changed. */
const MAX_HASHES_PER_SECOND = 5000;

/** Between two messages that say so. */
const FLOOD_PAUSE_MS = 20;

/** How long its end is waited for. */
const MAX_CLOSE_MS = 2000;

/** Own messages that are waited for; of more, the oldest are given up. */
const MAX_UNHEARD = 1000;

/** Processes that say nothing are waited for so many times `maxAgeWithBus`, in which the bus counts as lost. */
const FORGET_TIMES = 2;

/**
 * What this process says and hears on a bus.
 *
 * It relies on the bus only as long as it hears its own heartbeat, and everybody's it has heard of, without a gap in their
 * numbers: each within half of `maxAge`. What was lost before is not known by then; so whatever is relied on has to have been
 * asked of memcached since (`trustedSince`). A heartbeat comes from whoever is connected, however little he has to say or hears
 * for: of whose way nothing is known, nobody would miss what he has to say next. Goodbye is said by who ends, and owes nothing.
 */
export class BusSession implements NearCacheBusListener {
  /** Since when nothing was lost, as far as is known; what was asked of memcached before that says nothing. */
  trustedSince = Number.POSITIVE_INFINITY;
  /** Until when the bus is relied on, if nothing more is heard. */
  trustedUntil = Number.NEGATIVE_INFINITY;
  readonly #bus: NearCacheBus;
  readonly #clock: Clock;
  readonly #hears: BusAudience;
  readonly #maxAgeMs: number;
  readonly #forgetMs: number;
  readonly #sender = randomBytes(8).toString('hex');
  readonly #senders = new BusSenders();
  #number = 0;
  /** When each of our own messages was sent that was not heard yet. */
  readonly #sentAt = new BoundedMap<number, number>(MAX_UNHEARD);
  /** When our own message was sent that was heard last. */
  #ownSentAt = Number.NEGATIVE_INFINITY;
  #isConnected = false;
  #connectedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  /** It has not taken this process, so that its end is another's affair. */
  #isRefused = false;
  #callOff: (() => void) | undefined;
  /** Hashes to be sent, in halves. */
  #pending: number[] = [];
  #isFlushing = false;
  #isFlood = false;
  #floodSaidAt = Number.NEGATIVE_INFINITY;
  #secondBegan = Number.NEGATIVE_INFINITY;
  #inSecond = 0;
  readonly counts = { sent: 0, heard: 0, gaps: 0, losses: 0 };

  /** @param hears is told of what others have changed, and when something may have been lost. */
  constructor(
    bus: NearCacheBus,
    { maxAgeMs, maxAgeWithBusMs }: { readonly maxAgeMs: number; readonly maxAgeWithBusMs: number },
    clock: Clock,
    hears: BusAudience,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#hears = hears;
    this.#maxAgeMs = maxAgeMs;
    this.#forgetMs = maxAgeWithBusMs * FORGET_TIMES;
    void this.#begin();
  }

  /** Whether it is relied on now. */
  get isTrusted(): boolean {
    return this.#clock.now() < this.trustedUntil;
  }

  /** Tells the others that a name has changed: in one message with all that changes in this turn. */
  tell(low: number, high: number): void {
    if (this.#isClosed) return;
    const now = this.#clock.now();
    if (now >= this.#secondBegan + 1000) {
      this.#secondBegan = now;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    // What was not sent before the bus is there counts among what is not named.
    if (this.#inSecond > MAX_HASHES_PER_SECOND || !this.#isConnected) this.#isFlood = true;
    else this.#pending.push(low, high);
    this.#flushSoon();
  }

  /** Tells the others that anything may have changed. */
  tellAll(): void {
    if (this.#isClosed) return;
    this.#isFlood = true;
    this.#flushSoon();
  }

  message(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    const message = readMessage(bytes);
    if (message === undefined) return;
    const { sender, number, says, hashes } = message;
    const now = this.#clock.now();
    if (sender === this.#sender) {
      this.#heardOwn(number);
    } else {
      this.counts.heard += 1;
      if (says === ALL_CHANGED) this.#hears.allChanged();
      for (let index = 0; index < hashes.length; index += 2) {
        this.#hears.changed(hashes[index], hashes[index + 1]);
      }
      if (!this.#senders.note(message, now)) {
        this.counts.gaps += 1;
        this.#lost();
      }
    }
    this.#judge();
  }

  connected(isConnected: boolean): void {
    if (this.#isClosed) return;
    this.#isConnected = isConnected;
    if (!isConnected) this.#leaveUnsaid();
    this.#sentAt.clear();
    this.#ownSentAt = Number.NEGATIVE_INFINITY;
    this.#connectedAt = this.#clock.now();
    this.#lost();
    this.#judge();
    if (!isConnected) return;
    this.#speak();
    if (this.#isFlood) this.#flush();
  }

  /** What it does, for reports. */
  report(): NearBusReport {
    return {
      connected: this.#isConnected,
      trusted: this.isTrusted,
      processes: this.#senders.count,
      ...this.counts,
    };
  }

  /** @param owesChanges whether something will take effect that cannot be told any more: then it is to be missed, for as long. */
  async close(owesChanges: boolean): Promise<void> {
    if (this.#isClosed) return;
    this.#callOff?.();
    if (this.#isConnected) this.#send(this.#isFlood ? ALL_CHANGED : CHANGED, this.#pending);
    if (this.#isConnected && !owesChanges) this.#send(GOODBYE, []);
    this.#isClosed = true;
    if (!this.#isRefused) await this.#closeBus();
  }

  /** What it comes to is nobody's affair but the bus's: it may have been ended before, with the connection that it stands on. */
  async #closeBus(): Promise<void> {
    try {
      const closing = (async () => (await this.#bus.close(), true))();
      if (await within(this.#clock, MAX_CLOSE_MS, closing)) return;
      warn(`has not closed within ${MAX_CLOSE_MS} ms, and is not waited for`);
    } catch (error) {
      warn(`could not be closed: ${(error as Error)?.message}`);
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#bus.subscribe(this);
      if (!this.#isClosed && !this.#isConnected) this.connected(true);
    } catch (error) {
      this.#isRefused = true;
      warn(`cannot be subscribed to, and is done without: ${(error as Error)?.message}`);
    }
  }

  #heardOwn(number: number): void {
    const sentAt = this.#sentAt.get(number);
    if (sentAt === undefined) return;
    this.#ownSentAt = Math.max(this.#ownSentAt, sentAt);
    for (const earlier of this.#sentAt.keys()) if (earlier <= number) this.#sentAt.delete(earlier);
  }

  /** Whether nothing of its own was heard in time, so that the others may hear it as late: always as late, without any silence. */
  get #isLate(): boolean {
    return Math.max(this.#ownSentAt, this.#connectedAt) + this.#maxAgeMs / 2 < this.#clock.now();
  }

  /** Until when can it be relied on? */
  #judge(): void {
    const now = this.#clock.now();
    const silenceMs = this.#maxAgeMs / 2;
    const until = Math.min(this.#ownSentAt, this.#senders.oldest) + silenceMs;
    const wasTrusted = now < this.trustedUntil;
    if (until > now && !wasTrusted) {
      this.trustedSince = now;
      this.#hears.lost();
    }
    if (wasTrusted && until <= now) this.#lost();
    this.trustedUntil = until;
  }

  /** Something was lost, or may have been. */
  #lost(): void {
    this.counts.losses += 1;
    this.trustedSince = this.#clock.now();
    this.#hears.lost();
  }

  /** Heartbeats, for as long as it is connected; no process lives on for them. */
  #speak(): void {
    this.#callOff?.();
    if (!this.#isConnected) return;
    const now = this.#clock.now();
    if (this.#senders.forgetBefore(now - this.#forgetMs)) this.trustedSince = now;
    this.#send(CHANGED, []);
    this.#judge();
    this.#callOff = this.#clock.after(this.#maxAgeMs / HEARTBEATS, () => this.#speak(), false);
  }

  /** What could not be sent any more counts among what is not named once the bus is there again. */
  #leaveUnsaid(): void {
    if (this.#pending.length > 0) this.#isFlood = true;
    this.#pending = [];
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#clock.after(0, () => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed || !this.#isConnected) return;
    if (this.#isFlood) {
      const wait = this.#floodSaidAt + FLOOD_PAUSE_MS - this.#clock.now();
      if (wait > 0) {
        this.#isFlushing = true;
        this.#clock.after(wait, () => this.#flush());
        return;
      }
      this.#floodSaidAt = this.#clock.now();
      this.#isFlood = false;
      this.#pending = [];
      this.#send(ALL_CHANGED, []);
    } else if (this.#pending.length > 0) {
      this.#send(CHANGED, this.#pending);
      this.#pending = [];
    }
  }

  #send(says: BusWord, hashes: readonly number[]): void {
    this.#number += 1;
    this.counts.sent += 1;
    this.#sentAt.set(this.#number, this.#clock.now());
    // One that is not sent leaves a gap in the numbers.
    const message = writeMessage(says, this.#sender, this.#number, hashes, this.#isLate);
    void this.#publish(message);
  }

  /** Fails for nobody, whether the bus rejects or throws. */
  async #publish(message: Uint8Array): Promise<void> {
    try {
      await this.#bus.publish(message);
    } catch {
      // Others miss its number.
    }
  }
}

function warn(what: string): void {
  process.emitWarning(`the bus of the near cache ${what}`, 'MemcachedWarning');
}

/** Who is told of what is heard. */
export interface BusAudience {
  /** A name has changed, by the halves of its hash. */
  changed(low: number, high: number): void;
  /** Anything may have changed. */
  allChanged(): void;
  /** Something may have been lost by now, or from now on nothing is: what was asked of memcached before says less. */
  lost(): void;
}

/** How a near cache's bus does. */
export interface NearBusReport {
  readonly connected: boolean;
  /** Whether it is relied on now, so that values may be served for up to `maxAgeWithBus`. */
  readonly trusted: boolean;
  /** Other processes that are heard. */
  readonly processes: number;
  /** Messages. */
  readonly sent: number;
  readonly heard: number;
  /** Messages of others before which some were lost. */
  readonly gaps: number;
  /** How often it was found that something may have been lost. */
  readonly losses: number;
}
