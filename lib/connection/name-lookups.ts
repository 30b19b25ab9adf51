import * as dns from 'node:dns';
import { clearTimeout, performance, setTimeout } from '../timers.js';

/**
 * Look-ups of the system under way at a time: of its four threads it gives two to what may be slow, and other names need one
 * of them.
 */
const MAX_UNDER_WAY = 1;

/** So long a name waits for its turn until the name servers are asked for it past the system, which needs no thread. */
const PATIENCE_MS = 100;

/** Limits of one look-up of the system. */
const LIMITS = {
  /** One that has taken so long is asked of the name servers, too, when somebody asks again: the system may not answer soon. */
  slowMs: 1000,
  /** One that has taken so long will not answer any more; the system's own limit is shorter. */
  lostMs: 30_000,
};

/**
 * Looks names up for sockets, each name once at a time: who asks while it is under way gets its answer.
 *
 * A look-up cannot be called off. Without this, those of connections that were given up pile up while a name server is away,
 * until every other name of the process has to wait for them. One at a time leaves the rest of the process its share of the
 * system's threads; and a name that has waited for long behind another is asked of the name servers directly.
 */
export class NameLookups {
  readonly #source: NameSource;
  readonly #limits: typeof LIMITS;
  readonly #pending = new Map<string, Pending>();
  readonly #queue = new Set<() => void>();
  #underWay = 0;

  constructor(source: NameSource = dns, limits = LIMITS) {
    this.#source = source;
    this.#limits = limits;
  }

  /** Takes the place of `dns.lookup` in Node's `net.connect`. */
  readonly lookup = (name: string, options: dns.LookupOptions, callback: Callback): void => {
    const id = JSON.stringify([name, options.family, options.hints, options.all, options.order]);
    const known = this.#pending.get(id);
    const takenMs = known === undefined ? 0 : performance.now() - known.since;
    if (known !== undefined && takenMs < this.#limits.lostMs) {
      known.callbacks.push(callback);
      if (takenMs > this.#limits.slowMs) void known.askServers();
      return;
    }
    const tell: Callback = (error, address, family) => {
      if (this.#pending.get(id) === pending) this.#pending.delete(id);
      for (const callback of pending.callbacks.splice(0)) callback(error, address, family);
    };
    const begin = (): void => this.#begin(name, options, tell);
    let isAsking = false;
    const askServers = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      const found = await this.#askServers(name, options);
      isAsking = false;
      if (found.length === 0) return;
      this.#queue.delete(begin);
      if (options.all) tell(null, found);
      else tell(null, found[0].address, found[0].family);
    };
    const pending: Pending = { since: performance.now(), callbacks: [callback], askServers };
    this.#pending.set(id, pending);
    if (this.#underWay >= MAX_UNDER_WAY) {
      this.#queue.add(begin);
      setTimeout(() => {
        if (this.#queue.has(begin)) void askServers();
      }, PATIENCE_MS).unref();
      return;
    }
    this.#underWay += 1;
    begin();
  };

  /** Asks the system. One that is lost keeps no other waiting. */
  #begin(name: string, options: dns.LookupOptions, tell: Callback): void {
    let isOver = false;
    const done = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(lost);
      this.#done();
    };
    const lost = setTimeout(done, this.#limits.lostMs).unref();
    this.#source.lookup(name, options, (error, address, family) => {
      done();
      tell(error, address, family);
    });
  }

  /** What the name servers know, of both versions where both are asked for; nothing where they do not know the name. */
  async #askServers(name: string, { family }: dns.LookupOptions): Promise<dns.LookupAddress[]> {
    const versions = ([4, 6] as const).filter((version) => !family || String(family).endsWith(`${version}`));
    const found = await Promise.all(
      versions.map(
        (version) =>
          new Promise<dns.LookupAddress[]>((resolve) => {
            this.#source[`resolve${version}`](name, (error: unknown, addresses: string[] | undefined) =>
              resolve(error ? [] : (addresses ?? []).map((address) => ({ address, family: version }))),
            );
          }),
      ),
    );
    return found.flat();
  }

  #done(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#underWay -= 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | dns.LookupAddress[],
  family?: number,
) => void;

interface Pending {
  readonly since: number;
  readonly callbacks: Callback[];
  /** Asks the name servers past the system. */
  readonly askServers: () => Promise<void>;
}

/** What looks names up: the system, which knows `/etc/hosts` and the like, and the name servers themselves. */
export type NameSource = Pick<typeof dns, 'lookup' | 'resolve4' | 'resolve6'>;
