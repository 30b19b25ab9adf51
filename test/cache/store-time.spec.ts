import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CacheEngine } from '../../lib/cache/cache-engine.js';
import { pause } from '../../lib/cache/pause.js';
import { Fleet } from './support/fleet.js';
import type { MapConnection, Operation } from './support/map-server.js';

/** After so long an operation of the store fails. */
const LIMIT_MS = 500;

const LOAD_MS = 20;

/** After a failure, a lease may be one that nobody uses for so long. */
const DOUBT_MS = 3000;

/** The first look, and everything else. */
const LONGEST_MS = 2 * LIMIT_MS + LOAD_MS;

/** The same of a call that waits for what another has begun, which has a time of its own; until that is noticed; and two loads. */
const LONGEST_WITH_OTHERS_MS = 3 * LIMIT_MS + 2 * LOAD_MS + LIMIT_MS / 5;

/** A process whose store takes a time for each operation, and fails at its limit. */
class SlowStore {
  readonly fleet = new Fleet();
  readonly cache: CacheEngine;
  readonly store: MapConnection;

  /** @param isDoneFirst whether it is the answer that takes its time, and not what is asked for. */
  constructor(msOf: (operation: Operation, key: string) => number, isDoneFirst: () => boolean = () => false) {
    const { cache, store } = this.fleet.start();
    this.cache = cache;
    this.store = store;
    const { clock, server } = this.fleet;
    const take = async (operation: Operation, key: string): Promise<void> => {
      const ms = msOf(operation, key);
      await pause(clock, Math.min(ms, LIMIT_MS));
      if (ms >= LIMIT_MS) throw new Error(`${operation} ${key} took too long`);
    };
    const done: string[] = [];
    store.before = (operation, key) => {
      if (!isDoneFirst()) return take(operation, key);
      done.push(`${operation} ${key}`);
      return undefined;
    };
    store.after = (operation, key) => {
      const at = done.indexOf(`${operation} ${key}`);
      if (at < 0) return undefined;
      done.splice(at, 1);
      return take(operation, key);
    };
    const doubted = new Map<string, number>();
    /** Tries again what has failed, until the store answers. */
    const repair = async (work: () => unknown): Promise<void> => {
      try {
        await take('read', '');
        work();
      } catch {
        await pause(clock, LIMIT_MS);
        await repair(work);
      }
    };
    const lose = (key: string, work: () => unknown): void => {
      doubted.set(key, clock.now() + DOUBT_MS);
      void repair(work);
    };
    const release = store.release.bind(store);
    Object.assign(store, {
      limitMs: LIMIT_MS,
      async release(key: string, cas: string, keepSeconds: number | 'rest') {
        try {
          return await release(key, cas, keepSeconds);
        } catch (error) {
          lose(key, () => server.release(key, cas, keepSeconds));
          throw error;
        }
      },
      disown(key: string, _error: unknown, leaseSeconds: number, isUsed: (cas: string) => boolean) {
        lose(key, () => {
          const item = server.find(key);
          const isLost =
            leaseSeconds > 0 && item?.entry === undefined && item?.tokenSent && !isUsed(server.token(item));
          if (isLost) server.items.delete(key);
        });
      },
      mayHaveLost: (key: string) => (doubted.get(key) ?? 0) > clock.now(),
    });
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

  it.each([
    ['has a bound, whatever takes how long and fails', false, LONGEST_MS],
    ['has a bound for those who wait for each other', true, LONGEST_WITH_OTHERS_MS],
  ])(
    '%s',
    async (_name, shareKeys, longestMs) => {
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
          fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
          async (calls, times, invalidations, orders) => {
            let next = 0;
            let turn = 0;
            const slow = new SlowStore(
              () => times[next++ % times.length],
              () => orders[turn++ % orders.length],
            );
            const { clock } = slow.fleet;
            const keys = calls.map(({ key }, index) => (shareKeys ? key : `${key}${index}`));
            const invalidated = invalidations.map(async (afterMs) => {
              await pause(clock, afterMs);
              await slow.cache.invalidate(keys[0]).catch(() => undefined);
            });
            const waits = await slow.all(calls.map((how, index) => slow.waitOf(keys[index], how)));
            expect(Math.max(...waits)).toBeLessThanOrEqual(longestMs);
            await slow.all(invalidated);
          },
        ),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
