import type { Clock } from '../../../lib/cache/clock.js';
import type { NearCacheBus, NearCacheBusListener } from '../../../lib/near-cache-bus.js';

/** What becomes of one message to one listener: how long it takes, or undefined where it is lost. */
export type Fate = (from: LocalBus, to: LocalBus, message: Uint8Array) => number | undefined;

/** A broker in this process, which loses, holds up and repeats messages as it is told to. */
export class LocalBroker {
  readonly members = new Set<LocalBus>();
  readonly clock: Clock;
  fate: Fate = () => 1;
  /** Which part of the messages comes twice. */
  repeats = 0;
  messages = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  connect(): LocalBus {
    return new LocalBus(this);
  }
}

/** One process's way to the broker. */
export class LocalBus implements NearCacheBus {
  /** Nothing gets through, and nobody is told. */
  isCut = false;
  listener: NearCacheBusListener | undefined;
  readonly #broker: LocalBroker;

  constructor(broker: LocalBroker) {
    this.#broker = broker;
  }

  async subscribe(listener: NearCacheBusListener): Promise<void> {
    this.listener = listener;
    this.#broker.members.add(this);
  }

  async publish(message: Uint8Array): Promise<void> {
    const { clock, members, fate, repeats } = this.#broker;
    this.#broker.messages += 1;
    if (this.isCut) return;
    for (const member of members) {
      for (let times = repeats === 0 ? 1 : 1 + repeats; times > 0; times -= 1) {
        const delayMs = fate(this, member, message);
        if (delayMs === undefined) continue;
        clock.after(delayMs * times, () => {
          if (!member.isCut) member.listener?.message(Uint8Array.from(message));
        });
      }
    }
  }

  async close(): Promise<void> {
    this.#broker.members.delete(this);
  }
}
