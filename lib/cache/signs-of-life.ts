import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { CacheCall } from './cache-call.js';
import type { CacheEvents } from './cache-events.js';
import type { Clock } from './clock.js';
import type { EntryReader } from './entry-reader.js';
import { keepOf, type Finding } from './finding.js';
import type { Flight } from './flight.js';
import type { Order } from './order.js';
import type { Renewer } from './renewer.js';
import type { CacheReading, CacheStore } from './store.js';
import { NO_TAGS, type Tags } from './tags.js';

/** In the time without a sign of life after which a right is lost, so many are shown. */
const SIGNS_PER_LEASE = 3;

/**
 * Shows that this process is at work on what it has the right to make, and looks at what became of its keys meanwhile.
 *
 * A right ends when its holder shows no sign of life, so it costs little when a process dies, and a loader may take its
 * time all the same. A process that stands still for longer loses its rights, and what it makes is then refused by the
 * store. Work that goes on for too long shows no more signs, since it may hang; and whatever holds up a load, those who
 * wait for it get the value that somebody else has stored.
 */
export class SignsOfLife {
  readonly #parts: Parts;
  readonly #renewer: Renewer;
  /** The rights in use, by cas and key. */
  readonly #used = new Set<string>();
  /** What ends the signs for each right that no load has. */
  readonly #kept = new Set<() => void>();
  #closed = false;

  constructor(parts: Parts, renewer: Renewer) {
    this.#parts = parts;
    this.#renewer = renewer;
  }

  /** How many rights are in use, so far as the last signs of life have found. */
  get leases(): number {
    return this.#used.size;
  }

  /** Whether this process uses the right. */
  isUsed(key: string, cas: string): boolean {
    return this.#used.has(nameOf(key, cas));
  }

  /**
   * Accompanies a load.
   *
   * @param finding with the right that it uses, if any.
   * @returns a function that ends it; to be called before the load's value is stored.
   */
  accompany(flight: Flight, call: CacheCall, finding: Finding): () => void {
    const right = finding.right === 'ours' ? finding.reading : undefined;
    return this.#begin(call.key, call.policy, right, {
      hangs: () => flight.close(),
      without: (reading, before) => this.#meanwhile(flight, call, reading, before),
    });
  }

  /**
   * Keeps the right that came with a read, if one did, for what is made without a load: by an update, or for a value that
   * is set later.
   *
   * @returns a function that ends it; to be called before the value is stored.
   */
  keep(key: string, policy: ResolvedPolicy, reading: CacheReading | undefined): () => void {
    if (reading?.won !== true || this.#closed) return () => undefined;
    const stop = this.#begin(key, policy, reading, {
      hangs: () => end(),
      without: async (found) => {
        end();
        this.#parts.reader.giveBack(key, found);
      },
    });
    const end = (): void => {
      this.#kept.delete(end);
      stop();
    };
    this.#kept.add(end);
    return end;
  }

  /** Keeps no right any more but those of loads. */
  close(): void {
    this.#closed = true;
    for (const end of this.#kept) end();
  }

  /** @param right what the read has found that it came with. */
  #begin(key: string, policy: ResolvedPolicy, right: CacheReading | undefined, work: Work): () => void {
    const { clock, order, reader } = this.#parts;
    const startedAt = clock.now();
    const name = right && nameOf(key, right.cas);
    if (name !== undefined) this.#used.add(name);
    let holds = name !== undefined;
    let ended = false;
    const stop = this.#renewer.every(policy.leaseMs / SIGNS_PER_LEASE, async () => {
      const hangs = clock.now() - startedAt > policy.loadLimitMs;
      if (hangs) work.hangs();
      const before = order.next();
      const reading = await reader.ask(key, 0, policy.schema);
      // It has ended: what it stored must not be taken for its stub, and a right that came with the look is not used.
      if (ended) return reader.giveBack(key, reading);
      // Where a server counts no cas tokens, a value in the stub's place is told by being one.
      holds &&= reading.cas === right?.cas && reading.hit === right.hit;
      if (!holds && name !== undefined) this.#used.delete(name);
      if (!holds) await work.without(reading, before);
      else if (!hangs) await this.#show(key, reading, policy.leaseSeconds);
    });
    return () => {
      ended = true;
      stop();
      if (name !== undefined) this.#used.delete(name);
    };
  }

  #show(key: string, { hit, cas }: CacheReading, leaseSeconds: number): Promise<void> {
    const { store } = this.#parts;
    return hit ? store.announce(key, cas, leaseSeconds) : store.prolong(key, leaseSeconds);
  }

  /** Serves those who wait for a load what somebody else has stored. */
  async #meanwhile(flight: Flight, call: CacheCall, reading: CacheReading, before: number): Promise<void> {
    const { reader, tags } = this.#parts;
    const { key, policy } = call;
    const finding = await reader.judge(key, policy, tags.required(key, policy), reading, NO_TAGS);
    if (finding.state === 'fresh') {
      flight.landFromElsewhere({ kind: 'value', value: finding.entry?.value, stale: false, before });
    } else if (reading.won) {
      // A value marked stale gives its right to whoever reads it.
      reader.release(key, reading.cas, keepOf(finding));
    }
  }
}

/** What is made while signs of life are shown. */
interface Work {
  /** It takes so long that it may hang. */
  hangs(): void;
  /** A look has found that it has no right, or has it no more. @param before when it looked. */
  without(reading: CacheReading, before: number): Promise<void>;
}

/** The parts of the cache that this one uses. */
interface Parts {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly order: Order;
  readonly reader: EntryReader;
  readonly tags: Tags;
  readonly events: CacheEvents;
}

function nameOf(key: string, cas: string): string {
  return `${cas} ${key}`;
}
