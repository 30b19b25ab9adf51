import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fleet } from './support/fleet.js';
import type { Operation } from './support/map-server.js';

/** Longer than every wait there is. */
const ENOUGH_MS = 60_000;

const KEYS = ['a', 'b', 'c', 'd'];

const operations: Operation[] = ['read', 'write', 'release', 'tagState', 'prolong', 'isAnnounced'];

/** Which call of the store throws, and when: before the server has it, or with its answer. */
const fault = fc.record({
  operation: fc.constantFrom(...operations),
  key: fc.constantFrom(...KEYS, 't'),
  when: fc.constantFrom('before' as const, 'after' as const),
});

const loaderEnd = fc.constantFrom(
  'map',
  'array',
  'short array',
  'nothing',
  'throws',
  'rejects',
  'skips',
  'bad ttl',
);

const policy = fc.record({
  onStoreError: fc.constantFrom('ignore' as const, 'throw' as const),
  tags: fc.constantFrom([], ['t']),
  grace: fc.constantFrom(0, '60s' as const),
  serveStale: fc.boolean(),
  hardTimeout: fc.constantFrom(0, 50),
});

describe('many keys at once', () => {
  it('settle each of them, whatever throws wherever, and leave nobody waiting afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 4 }),
        loaderEnd,
        policy,
        fc.subarray([...KEYS, '', 'bad'], { minLength: 1 }),
        fc.boolean(),
        async (faults, end, options, ids, twice) => {
          const fleet = new Fleet();
          const { cache, store } = fleet.start(options);
          const failOn =
            (when: 'before' | 'after') =>
            (operation: Operation, key: string): void => {
              const hit = faults.some(
                (one) => one.when === when && one.operation === operation && one.key === key,
              );
              if (hit) throw new Error(`the store fails: ${operation} ${key}`);
            };
          store.before = failOn('before');
          store.after = failOn('after');
          const keyOf = (id: string): string => {
            if (id === 'bad') throw new Error('no key');
            return id;
          };
          const call = (): Promise<unknown> =>
            cache.getOrSetMany(ids, keyOf, (missing, context) => {
              switch (end) {
                case 'throws':
                  throw new Error('no database');
                case 'rejects':
                  return Promise.reject<string[]>(new Error('no database'));
                case 'short array':
                  return [];
                case 'nothing':
                  return new Map<string, string>();
                case 'skips':
                  context.skip();
                  return missing.map(() => 'row');
                case 'bad ttl':
                  context.setTtl(5);
                  return missing.map(() => 'row');
                case 'array':
                  return missing.map(() => 'row');
                default:
                  return new Map(missing.map((id) => [id, 'row']));
              }
            });
          const calls = twice ? [call(), call()] : [call()];
          const all = Promise.allSettled(calls);
          await fleet.until(all);
          // Whatever has failed: once the store is well again, every key can be had at once.
          await fleet.pass(ENOUGH_MS);
          store.before = store.after = undefined;
          const later = Promise.all(KEYS.map((key) => cache.getOrSet(key, () => 'later')));
          await fleet.pass(0);
          await later;
          expect(fleet.clock.pending).toBe(0);
          await cache.close();
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});

describe('two tenants of one process', () => {
  it('have their values refreshed each in his own context, under his own key', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    const tenants = new AsyncLocalStorage<string>();
    const ask = (tenant: string): Promise<string> =>
      tenants.run(tenant, () =>
        cache.getOrSet(`prices:${tenant}`, async () => {
          await Promise.resolve();
          return `of ${tenants.getStore()} at ${fleet.clock.now()}`;
        }),
      );
    const askMany = (tenant: string): Promise<Map<string, string>> =>
      tenants.run(tenant, () =>
        cache.getOrSetMany(
          ['x', 'y'],
          (id) => `many:${tenant}:${id}`,
          (ids) => ids.map(() => `of ${tenants.getStore()}`),
        ),
      );
    await Promise.all(['acme', 'beta'].flatMap((tenant) => [ask(tenant), askMany(tenant)]));
    await fleet.pass(12_000);
    await Promise.all(['beta', 'acme'].flatMap((tenant) => [ask(tenant), askMany(tenant)]));
    await fleet.pass(10);
    expect(cache.counters.refresh).toBe(6);
    await expect(ask('acme')).resolves.toBe('of acme at 12000');
    await expect(ask('beta')).resolves.toBe('of beta at 12000');
    await expect(askMany('acme')).resolves.toEqual(
      new Map([
        ['x', 'of acme'],
        ['y', 'of acme'],
      ]),
    );
    await expect(askMany('beta')).resolves.toEqual(
      new Map([
        ['x', 'of beta'],
        ['y', 'of beta'],
      ]),
    );
  });
});
