import type { MemcachedClient } from '../client/client.js';
import type { Codec } from '../client/codec/codec.js';
import type { LeaseRead } from '../client/results.js';
import { ConnectionError } from '../errors.js';
import type { LostLeases } from './lost-leases.js';
import { isAway, isWithoutCas } from './own-server.js';
import { toTtl } from './ttl.js';

/**
 * Marks values as stale. The stub of a lease is removed instead: marked, it would stay for as long as a stale value may, and
 * everybody would wait for its next winner for so long, should that one die.
 */
export class StaleMarks {
  readonly #client: MemcachedClient;
  readonly #codec: Codec;
  readonly #lost: LostLeases;
  readonly #changed: Changed;

  /** @param changed changes an item, and tells near caches of it before it is done. */
  constructor(client: MemcachedClient, codec: Codec, lost: LostLeases, changed: Changed) {
    this.#client = client;
    this.#codec = codec;
    this.#lost = lost;
    this.#changed = changed;
  }

  /** Marks what is there, to be dropped after so many seconds. What is stale already, or would end sooner by itself, is not prolonged. */
  async mark(name: string, keepSeconds: number): Promise<void> {
    const there = await this.#look(name).catch(() => undefined);
    if (there !== undefined && (await this.#markSeen(name, there, keepSeconds))) return;
    const marked = await this.#client.invalidateKey(name, { stale: toTtl(keepSeconds) });
    // What was not seen before may be a stub, also where the mark comes later.
    const unseen = there === undefined || (marked && !there.hit) || isAway(this.#client, name);
    if (unseen) this.#lost.repair(`mark of ${name}`, () => this.#removeMarkedStub(name));
  }

  /** Marks a value that is to keep its time, or removes a stub, if that is still what is there. @returns whether it was. */
  #markSeen(name: string, there: LeaseRead<unknown>, keepSeconds: number): Promise<boolean> | false {
    const { cas, hit, stale, ttl } = there;
    const keepsTime = hit && ttl !== undefined && (stale || ttl <= keepSeconds * 1000);
    if (!keepsTime && !isStub(there)) return false;
    const options = hit ? ({ cas, stale: 'rest' } as const) : { cas };
    return this.#changed(name, () => this.#client.invalidateKey(name, options).catch(() => false));
  }

  /** Removes a stub that has got a mark, unless somebody has won it since, who shows signs of life. */
  async #removeMarkedStub(name: string): Promise<void> {
    if (isAway(this.#client, name)) throw new ConnectionError(`${name}: its server is away`, '', 'not-sent');
    const there = await this.#look(name);
    if (!there.won) return;
    const { cas, hit } = there;
    // A value gives its right to whoever reads it.
    if (hit || isStub(there)) await this.#client.invalidateKey(name, hit ? { cas, stale: 'rest' } : { cas });
  }

  #look(name: string): Promise<LeaseRead<unknown>> {
    return this.#client.leaseGet(name, { leaseSeconds: 0, codec: this.#codec });
  }
}

/** Whether only somebody's lease is there, which can be told from what comes in its place. */
function isStub({ cas, hit, won, busy }: LeaseRead<unknown>): boolean {
  return !hit && (won || busy) && !isWithoutCas(cas);
}

/** How an item is changed: by what says whether it was. */
type Changed = (name: string, change: () => Promise<boolean>) => Promise<boolean>;
