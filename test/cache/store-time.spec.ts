import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import { pause } from '../../lib/cache/clock.js';
import { Fleet } from './support/fleet.js';
import type { MapConnection, Operation } from './support/map-server.js';

/** After so long an operation of the store fails. */
const LIMIT_MS = 500;

const LOAD_MS = 20;

/**
 * The first look and the storing, or a second look after something that took less than half of its time. Whoever begins while
 * something older is loaded, which is not for him, waits for two loads.
 */
const LONGEST_MS = 2.5 * LIMIT_MS + 2 * LOAD_MS;

/** A process whose store takes a time for each operation, and fails at its limit. */
class SlowStore {
  readonly fleet = new Fleet();
  readonly cache: CacheEngine;
  readonly store: MapConnection;

  constructor(msOf: (operation: Operation, key: string) => number) {
    const { cache, store } = this.fleet.start({ leaseWait: 0 });
    this.cache = cache;
    this.store = store;
    Object.assign(store, { limitMs: LIMIT_MS });
    store.before = async (operation, key) => {
      const ms = msOf(operation, key);
      await pause(this.fleet.clock, Math.min(ms, LIMIT_MS));
      if (ms >= LIMIT_MS) throw new Error(`${operation} ${key} took too long`);
    };
  }

  /** How long a read takes that begins after a while. */
  async waitOf(
    key: string,
    options: { tags?: readonly string[]; late?: string; afterMs?: number } = {},
  ): Promise<number> {
    const { clock } = this.fleet;
    const { tags = [], late, afterMs = 0 } = options;
    await pause(clock, afterMs);
    const began = clock.now();
    await this.cache.getOrSet(
      key,
      async (context) => {
        await pause(clock, LOAD_MS);
        if (late !== undefined) context.tag(late);
        return 'row';
      },
      { tags },
    );
    return clock.now() - began;
  }

  async all<T>(work: readonly Promise<T>[]): Promise<T[]> {
    return this.fleet.until(Promise.all(work));
  }
}

describe('the time that a store takes of one call', () => {
  it('is not that of two loads with a store each, for those who join a load that is not for them', async () => {
    const slow = new SlowStore((operation) => (operation === 'write' ? LIMIT_MS : 0));
    const [first, second] = await slow.all([slow.waitOf('k'), slow.waitOf('k', { afterMs: 10 })]);
    expect(first).toBeLessThanOrEqual(LIMIT_MS + LOAD_MS);
    expect(second).toBeLessThanOrEqual(LIMIT_MS + 2 * LOAD_MS);
    // The store was asked once, and the two loads share it.
    expect(slow.store.log.filter((line) => line === 'read k')).toHaveLength(1);
    expect(slow.cache.counters.load).toBe(2);
  });

  it('is not that of the tags which a loader gives and that of the value, which is stored all the same', async () => {
    const slow = new SlowStore((operation) => (operation === 'read' ? 0 : LIMIT_MS - 50));
    await slow.all([slow.cache.get('other', { tags: ['t'] })]);
    await slow.fleet.pass(5000);
    const [wait] = await slow.all([slow.waitOf('k', { late: 't' })]);
    expect(wait).toBeLessThanOrEqual(LIMIT_MS + LOAD_MS);
    expect(slow.fleet.server.valueOf('k')).toBeUndefined();
    await slow.fleet.pass(2 * LIMIT_MS);
    expect(slow.fleet.server.valueOf('k')).toBe('row');
    expect(slow.fleet.clock.pending).toBe(0);
  });

  it('has a bound, whatever takes how long and fails', async () => {
    const call = fc.record({
      key: fc.constantFrom('a', 'b'),
      tags: fc.constantFrom([], ['t'], ['t', 'u']),
      late: fc.constantFrom(undefined, undefined, 'v'),
      afterMs: fc.nat(1500),
    });
    const operationMs = fc.oneof(fc.nat(30), fc.nat(LIMIT_MS + 100));
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 12 }),
        fc.array(operationMs, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(1500), { maxLength: 3 }),
        async (calls, times, invalidations) => {
          let next = 0;
          const slow = new SlowStore(() => times[next++ % times.length]);
          const { clock } = slow.fleet;
          const invalidated = invalidations.map(async (afterMs) => {
            await pause(clock, afterMs);
            await slow.cache.invalidate('a').catch(() => undefined);
          });
          const waits = await slow.all(calls.map(({ key, ...how }) => slow.waitOf(key, how)));
          expect(Math.max(...waits)).toBeLessThanOrEqual(LONGEST_MS);
          await slow.all(invalidated);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});
