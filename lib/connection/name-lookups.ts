import * as dns from 'node:dns';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers';

/**
 * Look-ups of the system under way at a time: of its four threads it gives two to what may be slow, and other names need one
 * of them.
 */
const MAX_UNDER_WAY = 1;

/** So long a name waits for its turn until the name servers are asked for it past the system, which needs no thread. */
const PATIENCE_MS = 100;

/** One that has taken so long will not answer any more; the system's own limit is shorter. */
const LOST_MS = 30_000;

/**
 * Looks names up for sockets, each name once at a time: who asks while it is under way gets its answer.
 *
 * A look-up cannot be called off. Without this, those of connections that were given up pile up while a name server is away,
 * until every other name of the process has to wait for them. One at a time leaves the rest of the process its share of the
 * system's threads; and a name that has waited for long behind another is asked of the name servers directly.
 */
export class NameLookups {
  readonly #source: NameSource;
  readonly #pending = new Map<string, Pending>();
  readonly #queue = new Set<() => void>();
  #underWay = 0;

  constructor(source: NameSource = dns) {
    this.#source = source;
  }

  /** Takes the place of `dns.lookup` in Node's `net.connect`. */
  readonly lookup = (name: string, options: dns.LookupOptions, callback: Callback): void => {
    const id = JSON.stringify([name, options.family, options.hints, options.all, options.order]);
    const known = this.#pending.get(id);
    if (known !== undefined && performance.now() - known.since < LOST_MS) {
      known.callbacks.push(callback);
      return;
    }
    const pending: Pending = { since: performance.now(), callbacks: [callback] };
    this.#pending.set(id, pending);
    const tell: Callback = (error, address, family) => {
      if (this.#pending.get(id) === pending) this.#pending.delete(id);
      for (const callback of pending.callbacks.splice(0)) callback(error, address, family);
    };
    const begin = (): void => {
      this.#source.lookup(name, options, (error, address, family) => {
        this.#done();
        tell(error, address, family);
      });
    };
    if (this.#underWay >= MAX_UNDER_WAY) {
      this.#queue.add(begin);
      setTimeout(() => {
        if (this.#queue.has(begin)) this.#askServers(name, options, begin, tell);
      }, PATIENCE_MS).unref();
      return;
    }
    this.#underWay += 1;
    begin();
  };

  /** Asks the name servers. What they do not know, the system may: it is asked in its turn. */
  #askServers(name: string, { all, family }: dns.LookupOptions, begin: () => void, tell: Callback): void {
    const versions = ([4, 6] as const).filter((version) => !family || String(family).endsWith(`${version}`));
    const found: dns.LookupAddress[] = [];
    let asked = versions.length;
    for (const version of versions) {
      this.#source[`resolve${version}`](name, (error: unknown, addresses: string[] | undefined) => {
        asked -= 1;
        if (!error) for (const address of addresses ?? []) found.push({ address, family: version });
        if (asked > 0 || found.length === 0 || !this.#queue.delete(begin)) return;
        if (all) tell(null, found);
        else tell(null, found[0].address, found[0].family);
      });
    }
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
}

/** What looks names up: the system, which knows `/etc/hosts` and the like, and the name servers themselves. */
export type NameSource = Pick<typeof dns, 'lookup' | 'resolve4' | 'resolve6'>;
