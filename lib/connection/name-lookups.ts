import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { performance } from 'node:perf_hooks';

/** Look-ups under way at a time: the system has four threads for them, which other names need as well. */
const MAX_UNDER_WAY = 2;

/** One that has taken so long will not answer any more; the system's own limit is shorter. */
const LOST_MS = 30_000;

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

interface Pending {
  readonly since: number;
  readonly callbacks: Callback[];
}

/**
 * Looks names up for sockets, each name once at a time: who asks while it is under way gets its answer.
 *
 * A look-up cannot be called off. Without this, those of connections that were given up pile up while a name server is away,
 * until every other name of the process has to wait for them.
 */
export class NameLookups {
  readonly #pending = new Map<string, Pending>();
  readonly #queue: (() => void)[] = [];
  #underWay = 0;

  /** Takes the place of `dns.lookup` in Node's `net.connect`. */
  readonly lookup = (name: string, options: LookupOptions, callback: Callback): void => {
    const id = JSON.stringify([name, options.family, options.hints, options.all, options.order]);
    const known = this.#pending.get(id);
    if (known !== undefined && performance.now() - known.since < LOST_MS) {
      known.callbacks.push(callback);
      return;
    }
    const pending: Pending = { since: performance.now(), callbacks: [callback] };
    this.#pending.set(id, pending);
    this.#whenFree(() => {
      lookup(name, options, (error, address, family) => {
        this.#done();
        if (this.#pending.get(id) === pending) this.#pending.delete(id);
        for (const told of pending.callbacks) told(error, address, family);
      });
    });
  };

  #whenFree(begin: () => void): void {
    if (this.#underWay >= MAX_UNDER_WAY) {
      this.#queue.push(begin);
      return;
    }
    this.#underWay += 1;
    begin();
  }

  #done(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#underWay -= 1;
    else next();
  }
}
