import type { Clock } from '../cache/clock.js';
import type { Order } from '../cache/order.js';
import type { EpochPlace, EpochReading, EpochStore } from './epoch-store.js';

/**
 * How long a mark has to be there until something is kept: longer than the answer of a server that there is none holds for
 * those who change something (`MARK_ANSWER_MS` of `cluster/`), by what clocks may differ in pace and a server's in whole seconds.
 */
const MARK_HOLDS_MS = 2500;

/** Between two rounds of questions, however much there is to ask for. */
const SHORTEST_PAUSE_MS = 50;

/** How often a mark's time is set anew. It ends by itself, so that nobody bumps epochs any more once there are no near caches. */
const MARK_KEPT_EVERY_MS = 3_600_000;

/**
 * What is known of the epochs: which each is, and when that was asked.
 *
 * They are asked for while something is kept and read, all of a server in one request, twice in the shortest time that an
 * answer may be relied on. An answer counts from the moment the question was sent.
 */
export class Epochs {
  readonly #store: EpochStore;
  readonly #clock: Clock;
  readonly #order: Order;
  readonly #servers = new Map<string, KnownEpochs>();
  /** For how long an answer is relied on by who would do so for `nearMs` without a bus, by when it was asked for. */
  readonly #reliedMs: (nearMs: number, askedAt: number) => number;
  #nearMs = Number.POSITIVE_INFINITY;
  #callOff: (() => void) | undefined;
  /** Something was looked at since the last round of questions. A field, since every read sets it. */
  isInUse = false;
  #closed = false;
  #polledAt = Number.NEGATIVE_INFINITY;
  /** How many questions were asked. */
  polls = 0;

  constructor(
    store: EpochStore,
    clock: Clock,
    order: Order,
    reliedMs: (nearMs: number, askedAt: number) => number,
  ) {
    this.#reliedMs = reliedMs;
    this.#store = store;
    this.#clock = clock;
    this.#order = order;
  }

  /** The present epoch of a place, if it is known; asked for from now on otherwise. */
  at(place: EpochPlace): Epoch | undefined {
    let server = this.#servers.get(place.server);
    if (server === undefined) this.#servers.set(place.server, (server = new KnownEpochs(place.server)));
    const epoch = server.epochs.get(place.shard);
    if (epoch === undefined && !server.epochs.has(place.shard)) {
      server.epochs.set(place.shard, undefined);
      this.isInUse = true;
      // Until its mark is heeded, nothing that it says is of use.
      const isWaiting = server.mark !== undefined && this.#clock.now() < server.marksFrom;
      server.isWantedAgain = server.isAsked && !isWaiting;
      if (this.#callOff !== undefined && !server.isAsked && !isWaiting) this.#hurry();
    }
    return epoch;
  }

  /** Goes on asking, twice in the time that an answer is relied on: so many milliseconds, or longer with a bus. */
  use(nearMs: number): void {
    this.isInUse = true;
    if (nearMs < this.#nearMs) {
      this.#nearMs = nearMs;
      this.#hurry();
    } else if (this.#callOff === undefined) this.#hurry();
  }

  /** What was asked before is not relied on for longer than without a bus: asks as soon as without one. */
  hurryUp(): void {
    if (this.#callOff === undefined) return;
    this.#schedule(Math.max(0, this.#polledAt + this.#nearMs / 2 - this.#clock.now()));
  }

  /** Forgets all of them: what bears one is not served any more. */
  clear(): void {
    for (const server of this.#servers.values()) server.clear();
    this.#servers.clear();
  }

  /** Milliseconds since the questions were sent that were answered last, of the server that answered the longest ago. */
  ageMs(): number | undefined {
    const asked = [...this.#servers.values()].map(({ askedAt }) => askedAt);
    return asked.length === 0 ? undefined : this.#clock.now() - Math.min(...asked);
  }

  close(): void {
    this.#closed = true;
    this.#callOff?.();
    this.#callOff = undefined;
    this.clear();
  }

  /** Asks soon, and once for all that comes up until then. */
  #hurry(): void {
    this.#schedule(Math.max(0, this.#polledAt + SHORTEST_PAUSE_MS - this.#clock.now()));
  }

  #schedule(delayMs: number): void {
    this.#callOff?.();
    this.#callOff = undefined;
    if (this.#closed) return;
    this.#callOff = this.#clock.after(delayMs, () => this.#round());
  }

  #round(): void {
    this.#callOff = undefined;
    if (!this.isInUse) {
      this.#nearMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.isInUse = false;
    this.#polledAt = this.#clock.now();
    for (const server of this.#servers.values()) {
      if (!server.isAsked) void this.#ask(server);
    }
    this.#schedule(this.#reliedMs(this.#nearMs, this.#polledAt) / 2);
  }

  async #ask(server: KnownEpochs): Promise<void> {
    const askedAt = this.#clock.now();
    const shards = [...server.epochs.keys()];
    server.isAsked = true;
    this.polls += 1;
    try {
      const reading = await this.#store.readEpochs(server.id, shards);
      if (this.#servers.get(server.id) !== server || this.#closed) return;
      if (!(await this.#isMarked(server, reading.mark))) return;
      if (this.#servers.get(server.id) !== server) return;
      if (askedAt < server.marksFrom) {
        this.isInUse = true;
        this.#schedule(Math.max(SHORTEST_PAUSE_MS, server.marksFrom - this.#clock.now()));
        return;
      }
      server.askedAt = askedAt;
      await this.#take(server, shards, reading);
    } catch {
      // Not answered: what is known grows older, and is not relied on any more.
    } finally {
      server.isAsked = false;
      if (server.isWantedAgain) {
        server.isWantedAgain = false;
        if (this.#callOff !== undefined) this.#hurry();
      }
    }
  }

  /** Whether the mark has been there since it was seen first. Puts it there, and says from when on all will heed it. */
  async #isMarked(server: KnownEpochs, mark: string | undefined): Promise<boolean> {
    if (mark === '') return false;
    if (mark === undefined || mark !== server.mark) {
      // While it was not there, somebody may have changed something and told nobody.
      server.clear();
      server.mark = mark ?? (await this.#store.addMark(server.id));
      if (server.mark === undefined) return false;
      const ageMs = mark === undefined ? 0 : await this.#store.markAgeMs(server.id);
      server.marksFrom = this.#clock.now() + (ageMs >= MARK_HOLDS_MS ? 0 : MARK_HOLDS_MS);
      server.markKeptAt = this.#clock.now();
      if (ageMs >= MARK_KEPT_EVERY_MS) await this.#store.keepMark(server.id);
    } else if (this.#clock.now() - server.markKeptAt >= MARK_KEPT_EVERY_MS) {
      server.markKeptAt = this.#clock.now();
      await this.#store.keepMark(server.id);
    }
    return true;
  }

  async #take(server: KnownEpochs, shards: readonly number[], { epochs }: EpochReading): Promise<void> {
    const missing: number[] = [];
    shards.forEach((shard, index) => {
      const name = epochs[index];
      if (name === undefined) missing.push(shard);
      else if (name === '') server.forget(shard);
      else this.#learn(server, shard, name);
    });
    if (missing.length === 0) return;
    for (const shard of missing) server.forget(shard);
    const added = await Promise.all(missing.map((shard) => this.#store.addEpoch(server.id, shard)));
    const others: number[] = [];
    added.forEach((name, index) => {
      if (name === undefined) others.push(missing[index]);
      else this.#learn(server, missing[index], name);
    });
    if (others.length === 0) return;
    const again = await this.#store.readEpochs(server.id, others);
    if (again.mark !== server.mark) return;
    others.forEach((shard, index) => {
      const name = again.epochs[index];
      if (name !== undefined && name !== '') this.#learn(server, shard, name);
    });
  }

  #learn(server: KnownEpochs, shard: number, name: string): void {
    if (server.epochs.get(shard)?.name === name) return;
    server.forget(shard);
    server.epochs.set(shard, new Epoch(name, server, this.#order.next()));
  }
}

/** What one server has said. */
class KnownEpochs {
  readonly id: string;
  /** When the questions were sent that were answered last. */
  askedAt = Number.NEGATIVE_INFINITY;
  /** The mark that was seen. */
  mark: string | undefined;
  /** From when on everybody bumps epochs, since the mark is there. */
  marksFrom = Number.POSITIVE_INFINITY;
  /** When the time of the mark was set. */
  markKeptAt = 0;
  /** Whether questions are under way. */
  isAsked = false;
  /** Whether there are more to be asked then. */
  isWantedAgain = false;
  /** By shard; undefined for those that are asked for and not known. */
  readonly epochs = new Map<number, Epoch | undefined>();

  constructor(id: string) {
    this.id = id;
  }

  forget(shard: number): void {
    const epoch = this.epochs.get(shard);
    if (epoch !== undefined) epoch.isOver = true;
    this.epochs.set(shard, undefined);
  }

  clear(): void {
    for (const shard of this.epochs.keys()) this.forget(shard);
  }
}

/** One epoch, from when it was heard of until another takes its place. */
export class Epoch {
  readonly name: string;
  readonly server: KnownEpochs;
  /** Since when it has been known. */
  readonly since: number;
  /** It is another by now, or may be. */
  isOver = false;

  constructor(name: string, server: KnownEpochs, since: number) {
    this.name = name;
    this.server = server;
    this.since = since;
  }
}
