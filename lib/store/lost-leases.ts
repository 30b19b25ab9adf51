import { BoundedMap } from '../bounded-map.js';
import type { MemcachedClient } from '../client/client.js';
import { MemcachedError } from '../errors.js';
import { clearTimeout, setTimeout } from '../timers.js';

/** Keys remembered at most; beyond that the longest known are forgotten, whose stubs and locks end with their time. */
const MAX_REMEMBERED = 10_000;

/** The bytes of a lost command may reach the server behind those of the look, by the connection that is gone: it reads on. */
const LOOK_AGAIN_MS = 500;

/** They may be held up for longer still: for so long after a failure, a lease of the key may be one that nobody uses. */
const DOUBT_MS = 3000;

/** Rejects while the server is away, whatever failover says, and is done again then. */
const LOOK = { leaseSeconds: 0, withoutValue: true, strict: true } as const;

/**
 * Leases and locks that may have been given out without anybody knowing: the server carried out the command, and its answer
 * came too late or was lost with its connection. And leases that could not be given back.
 *
 * Nobody would use such a one, and everybody would wait for it. So the key is looked at again, at once, half a second later
 * and when its server is back, until that has been answered; and a stub that nobody of this process uses is removed, as is such a
 * lock; the right to refresh a value that is marked stale is given back. A lease may be another process's: that one then returns its value without storing it, which is harmless.
 */
export class LostLeases {
  readonly #client: MemcachedClient;
  readonly #repairs = new BoundedMap<string, () => Promise<unknown>>(MAX_REMEMBERED);
  /** Keys that will be looked at once more, so long after the last failure. */
  readonly #again = new Map<string, NodeJS.Timeout>();
  /** Keys of which something has failed, as long as that matters. */
  readonly #doubted = new BoundedMap<string, NodeJS.Timeout>(MAX_REMEMBERED);

  constructor(client: MemcachedClient) {
    this.#client = client;
    client.on('node', ({ state }) => {
      if (state === 'up') for (const key of this.#repairs.keys()) void this.#repair(key);
    });
  }

  /**
   * Has a key looked at after a read of it failed.
   *
   * @param hasAsked whether it has asked for a lease; if not, all that it may have been given is the right to refresh a stale value.
   * @param isUsed whether a lease, named by its cas, is in use.
   */
  add(key: string, error: unknown, hasAsked: boolean, isUsed: (cas: string) => boolean): void {
    if (!mayBeDone(error)) return;
    this.#doubt(key);
    this.repairTwice(hasAsked ? key : `right of ${key}`, () => this.#takeBack(key, hasAsked, isUsed));
  }

  /** Gives a right back that is not used; where that fails, again as soon as its server can be asked. */
  async giveBack(key: string, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MemcachedError && 'outcome' in error) {
        this.#doubt(key);
        this.repair(key, work);
      }
      throw error;
    }
  }

  /** Whether a lease that somebody seems to have may be one that was lost here. */
  has(key: string): boolean {
    return this.#doubted.has(key);
  }

  /** Has something done about a key as `repair` does, and once more when the bytes of a lost command have most likely arrived. */
  repairTwice(key: string, repair: () => Promise<unknown>): void {
    this.repair(key, repair);
    this.#later(key, () => this.repair(key, repair));
  }

  /** Has something done about a key as soon as its server can be asked, also if that is being done: it may be too late by now. */
  repair(key: string, repair: () => Promise<unknown>): void {
    this.#repairs.set(key, repair);
    void this.#repair(key);
  }

  /** Waits until all that is to be looked at once more is being looked at; undefined where there is nothing. */
  settled(): Promise<void> | undefined {
    if (this.#again.size === 0) return undefined;
    // As long as each of them, and behind the last.
    return new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
  }

  /** Asks behind everything that is on its way to the server, so that what the lost command has left is there. */
  async #repair(key: string): Promise<void> {
    const repair = this.#repairs.get(key);
    try {
      await repair?.();
      if (this.#repairs.get(key) === repair) this.#repairs.delete(key);
    } catch (error) {
      // A server that cannot be reached says when it is back; one that has not answered this once may never have been away.
      if (mayBeDone(error)) this.#later(key, () => void this.#repair(key));
    }
  }

  #doubt(key: string): void {
    clearTimeout(this.#doubted.get(key));
    this.#doubted.set(key, setTimeout(() => this.#doubted.delete(key), DOUBT_MS).unref());
  }

  #later(key: string, look: () => void): void {
    const known = this.#again.get(key);
    if (known === undefined && this.#again.size >= MAX_REMEMBERED) return;
    clearTimeout(known);
    const timer = setTimeout(() => {
      this.#again.delete(key);
      look();
    }, LOOK_AGAIN_MS);
    this.#again.set(key, timer.unref());
  }

  async #takeBack(key: string, hasAsked: boolean, isUsed: (cas: string) => boolean): Promise<void> {
    const { hit, cas, won, busy, stale } = await this.#client.leaseGet(key, LOOK);
    const lost = won || (busy && (hit || hasAsked) && !isUsed(cas));
    if (!lost) return;
    if (!hit) await this.#client.invalidateKey(key, { cas });
    else if (stale) await this.#client.invalidateKey(key, { cas, stale: 'rest' });
  }
}

/** Whether the server may have carried out a command that failed. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof MemcachedError && 'outcome' in error && error.outcome === 'unknown';
}
